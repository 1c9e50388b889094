// Keeps the page current: told of news by /events, it gets the page again and exchanges <main>. Without this script the
// page loads itself again.
"use strict";

const SILENCE = 15000;
const BROKEN = 4000;
const AGAIN = 5000;
let heard = Date.now();
let shown = null;
let source = null;
let ahead = 0;

function clock() {
  const now = document.querySelector("main").dataset.now;
  ahead = Date.parse(now) - Date.now();
  ages();
}

function ages() {
  for (const each of document.querySelectorAll("time")) {
    const seconds = Math.max(0, Math.round((Date.now() + ahead - Date.parse(each.dateTime)) / 1000));
    const minutes = Math.floor(seconds / 60);
    each.title = each.dateTime;
    if (seconds < 2) each.textContent = "just now";
    else if (seconds < 120) each.textContent = `${seconds} s ago`;
    else if (minutes < 120) each.textContent = `${minutes} min ago`;
    else each.textContent = each.dateTime;
  }
}

async function show() {
  const answer = await fetch("/", { cache: "no-store" });
  if (!answer.ok) throw new Error(`the dashboard answers ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement && document.activeElement.getAttribute("href");
  document.title = page.title;
  document.querySelector("#lost time").dateTime = page.querySelector("main").dataset.now;
  document.querySelector("main").replaceWith(page.querySelector("main"));
  if (focused) {
    const again = [...document.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
    if (again) again.focus({ preventScroll: true });
  }
  alive();
  clock();
}

function alive() {
  heard = Date.now();
  document.querySelector("#lost").hidden = true;
  document.body.classList.remove("lost");
}

function told(event) {
  alive();
  if (event.data !== shown) {
    shown = event.data;
    show().catch(() => { shown = null; });
  }
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource("/events");
  source.addEventListener("revision", told);
  source.onerror = () => {
    // a connection that is refused says more than one on which nothing comes
    heard = Math.min(heard, Date.now() - SILENCE + BROKEN);
    // refused for good, as where too many listen: ask now and then instead
    if (source && source.readyState === EventSource.CLOSED) {
      quiet();
      show().catch(() => {});
      setTimeout(listen, AGAIN);
    }
  };
}

function quiet() {
  if (source) source.close();
  source = null;
}

// a browser has few connections to one place, so a page that nobody sees holds none
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    quiet();
  } else {
    heard = Date.now();
    listen();
  }
});

setInterval(() => {
  ages();
  if (!document.hidden && Date.now() - heard > SILENCE) {
    document.querySelector("#lost").hidden = false;
    document.body.classList.add("lost");
  }
}, 1000);

clock();
listen();
