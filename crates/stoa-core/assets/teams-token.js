// The tab, where a Teams token proves who is there. The token goes to stoa and nowhere else.
microsoftTeams.app.initialize().then(() => microsoftTeams.app.getContext()).then(({ page }) => {
  const link = document.querySelector("a");
  link.onclick = () => {
    start(new URL(link.href).searchParams, page.subPageId).catch(show);
    return false;
  };
}).catch(() => {}); // Not in Teams: the link works as it is.

async function start(fields, destination) {
  if (destination) fields.set("return_to", destination);
  fields.set("token", await microsoftTeams.authentication.getAuthToken());
  const answer = await fetch(location.pathname + "/session", { method: "POST", body: fields, credentials: "omit" });
  if (answer.ok) return microsoftTeams.app.openLink((await answer.json()).continue);
  const fault = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (!fault) throw new Error(answer.status);
  document.querySelector("main").replaceWith(fault);
}

function show(error) {
  document.querySelector("#failed").hidden = false;
  document.querySelector("code").textContent = error.message || error;
}
