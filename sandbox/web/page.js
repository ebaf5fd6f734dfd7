"use strict";
// The server makes the page; the script asks for it again and takes over the parts that have changed, so that a focused
// button stays where it is. Nothing here makes markup of what leads hold.
const link = document.getElementById("link");
// Only what changes is written: a screen reader reads it aloud.
const say = (up, text) => { link.dataset.up = up; if (link.textContent !== text) link.textContent = text; };
const take = (fresh) => {
  const parts = [...fresh.querySelectorAll("[data-live]")];
  const known = [...document.querySelectorAll("[data-live]")];
  if (parts.map((part) => part.id).join() !== known.map((part) => part.id).join()) return location.reload();
  const focused = document.activeElement.id;
  for (const part of parts) {
    const old = document.getElementById(part.id);
    if (!old.isEqualNode(part)) old.replaceWith(document.importNode(part, true));
  }
  const again = focused && document.getElementById(focused);
  if (again && again !== document.activeElement) again.focus();
};
let running = false;
const refresh = async () => {
  if (running) return;
  running = true;
  try {
    const answer = await fetch("/");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    // Without the head: the style in it has another nonce than this page's.
    const [main] = /<main>[^]*<\/main>/.exec(await answer.text());
    take(new DOMParser().parseFromString(main, "text/html"));
    say("yes", "live");
  } catch (error) {
    say("no", "no answer from the sandbox");
  } finally {
    running = false;
  }
};
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const {post, body} = button.dataset;
  const answer = await fetch(post || button.dataset.delete, {
    method: post ? "POST" : "DELETE", headers: body ? {"content-type": "application/json"} : {}, body,
  }).catch((error) => ({ok: false, text: () => error.message}));
  if (answer.ok) await refresh();
  else say("no", await answer.text());
});
setInterval(() => { if (!document.hidden) refresh(); }, 1000);
