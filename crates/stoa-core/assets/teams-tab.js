// The tab, where the course's link begins an ordinary login: Teams says who is there, as a hint only.
microsoftTeams.app.initialize().then(() => microsoftTeams.app.getContext()).then(({ user, page }) => {
  const link = document.querySelector("a"), address = new URL(link.href);
  const hint = user && (user.loginHint || user.userPrincipalName);
  if (hint) address.searchParams.set("login_hint", hint);
  if (page.subPageId) address.searchParams.set("return_to", page.subPageId);
  link.href = address;
  link.onclick = () => {
    microsoftTeams.app.openLink(link.href).catch(() => open(link.href));
    return false;
  };
}).catch(() => {}); // Not in Teams: the link works as it is.
