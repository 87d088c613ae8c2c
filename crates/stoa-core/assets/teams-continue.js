// The code is in the fragment, which no server sees, and leaves the address before anything else is done.
const fields = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname);
if (fields.has("code")) {
  const form = document.forms[0];
  for (const name of ["code", "hint"]) form.elements[name].value = fields.get(name);
  document.querySelector("strong").textContent = fields.get("hint");
  document.querySelector("#lost").hidden = true;
  form.hidden = false;
  form.onsubmit = () => { form.querySelector("button").disabled = true; };
}
