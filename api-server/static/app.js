// Pages work without this file. With it, a page that waits for the worker looks quietly for news instead of
// loading itself again, and a form cannot be sent twice by a double click.
"use strict";

const waiting = document.querySelector("[data-waiting]");
if (waiting) {
  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const still = page.querySelector("[data-waiting]");
      if (!still || still.dataset.waiting !== waiting.dataset.waiting) {
        location.reload();
        return;
      }
    } catch {
      // The network is away for a moment: look again.
    }
    setTimeout(look, 1500);
  };
  setTimeout(look, 1000);
}

for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
  });
}
// A page that comes back by the back button may send its forms again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
