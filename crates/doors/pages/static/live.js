// Makes an open conversation live and tells times in the reader's zone. Every page works without it.
"use strict";

// Times: the server says them in UTC; here they are said again in the reader's own zone.
const styles = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  date: { day: "numeric", month: "long", year: "numeric" },
  moment: { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};
const formats = Object.fromEntries(
  Object.entries(styles).map(([style, options]) => [style, new Intl.DateTimeFormat("en-GB", options)]),
);
// Browsers differ in commas; the server has none after the weekday, and one before the clock.
const say = (style, at) => formats[style].format(at).replace(/^(\p{L}+),/u, "$1").replace(" at ", ", ");
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[data-style]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = say(time.dataset.style, at);
    time.title = full.format(at);
  }
  placeDays(root);
}

// A day may begin elsewhere in the reader's zone: the separators move to where it does.
function placeDays(root) {
  const list = root.querySelector("ol.messages");
  const pattern = list?.querySelector("li.day");
  if (!pattern) return;
  for (const day of list.querySelectorAll("li.day")) day.remove();
  let before = "";
  for (const message of list.querySelectorAll("li.message")) {
    const at = message.querySelector(".at time").dateTime;
    const day = say("day", new Date(at));
    if (day === before) continue;
    before = day;
    const line = pattern.cloneNode(true);
    line.querySelector("time").dateTime = at;
    line.querySelector("time").textContent = day;
    const previous = message.previousElementSibling;
    (previous?.classList.contains("new") ? previous : message).before(line);
  }
}

tellTimes(document);
const zone = document.querySelector("[data-zone]");
if (zone) zone.textContent = "Times are in your time zone";

// Notices that were looked at are read, as the button says that stands there without script.
const notices = document.querySelector("form[data-notices]");
if (notices && !document.hidden) {
  fetch(notices.action, { method: "POST", body: new URLSearchParams(new FormData(notices)), redirect: "manual" })
    .then(() => (notices.hidden = true))
    .catch(() => {});
}

// The open conversation: a hint arrives, the server draws the messages again, the place in the flow is kept.
const scroll = document.querySelector("[data-live]");
if (scroll) {
  const composer = document.querySelector("form[data-send]");
  const field = composer?.elements.text;
  const title = document.title;
  let isDrawing = false;
  let isStale = false;

  async function drawAgain() {
    if (isDrawing) {
      isStale = true;
      return;
    }
    isDrawing = true;
    try {
      do {
        isStale = false;
        const flow = document.getElementById("messages");
        const answer = await fetch(`${scroll.dataset.again}&from=${flow.dataset.first}`, { redirect: "error" });
        if (!answer.ok) return;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("messages");
        if (!fresh) return;
        tellTimes(fresh);
        const isNew = Number(fresh.dataset.last) > Number(flow.dataset.last);
        for (const open of flow.querySelectorAll("li:has(details[open])")) {
          fresh.querySelector(`#${open.id} details`)?.setAttribute("open", "");
        }
        flow.replaceWith(fresh); // the scroller counts from its end, so who reads the end stays there
        if (isNew && document.hidden) document.title = `• ${title}`;
        markRead();
      } while (isStale);
    } catch {
      // Offline for a moment: the next hint, or the next page, draws it.
    } finally {
      isDrawing = false;
    }
  }

  // Tells the server what was seen, as the button does that stands there without script.
  const reader = document.querySelector("form[data-read]");
  let marked = 0;
  function markRead() {
    const last = Number(document.getElementById("messages").dataset.last);
    if (!reader || document.hidden || !scroll.offsetParent || last <= marked) return;
    marked = last;
    reader.elements.seq.value = last;
    fetch(reader.action, { method: "POST", body: new URLSearchParams(new FormData(reader)), redirect: "manual" }).catch(() => {});
  }
  if (reader) reader.hidden = true;
  markRead();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.title = title;
    markRead();
  });

  new EventSource(scroll.dataset.live).addEventListener("messages", drawAgain);

  // That she writes is told to those who follow along, every few seconds at most.
  let told = 0;
  field?.addEventListener("input", () => {
    if (Date.now() - told < 5000 || !field.value.trim()) return;
    told = Date.now();
    const body = new URLSearchParams({ csrf: composer.elements.csrf.value });
    fetch(composer.action.replace(/send$/, "typing"), { method: "POST", body, redirect: "manual" }).catch(() => {});
  });

  // Enter sends, Shift+Enter makes a new line; what is refused is left to the ordinary form, which says why.
  field?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && matchMedia("(pointer: fine)").matches) {
      event.preventDefault();
      if (field.value.trim()) composer.requestSubmit();
    }
  });
  composer?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(composer));
    try {
      const answer = await fetch(composer.action, { method: "POST", body, headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      composer.elements.key.value = next.querySelector("form[data-send]").elements.key.value;
      field.value = "";
      await drawAgain();
      scroll.scrollTop = 0;
      field.focus();
    } catch {
      composer.submit();
    }
  });
}
