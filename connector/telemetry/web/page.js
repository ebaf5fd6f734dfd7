"use strict";
// The server makes the page and sends what has changed of it; the script only puts it in place, part by part, so that
// whoever reads or selects something is not disturbed.
const link = document.getElementById("link");
// Only what changes is written: a screen reader reads it aloud.
const say = (up, text) => { link.dataset.up = up; if (link.textContent !== text) link.textContent = text; };
const take = (html) => {
  for (const part of new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (!old.isEqualNode(part)) old.replaceWith(document.importNode(part, true));
  }
};
// The server speaks every 2 s. A connection that is open and silent (a frozen process, a lost network) makes no error.
const SILENT_MS = 8000;
const old = () => say("no", "no answer: what stands here is old");
let silence;
const heard = () => { clearTimeout(silence); silence = setTimeout(old, SILENT_MS); };
const events = new EventSource("/events");
events.addEventListener("message", (event) => { take(JSON.parse(event.data)); say("yes", "live"); heard(); });
events.addEventListener("error", old);
heard();
