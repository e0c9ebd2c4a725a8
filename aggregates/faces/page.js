"use strict";
(() => {
  const SECONDS = 15;
  const place = document.getElementById("refresh");
  const button = place.querySelector("button");
  const said = place.querySelector("span");
  let isPaused = false;

  // What the reader has opened, moved or focused has a key, and stays so.
  const keep = (old, fresh) => {
    for (const before of old.querySelectorAll("[data-key]")) {
      const after = fresh.querySelector(`[data-key="${CSS.escape(before.dataset.key)}"]`);
      if (!after) continue;
      if (before.open !== undefined) after.open = before.open;
      after.scrollLeft = before.scrollLeft;
      if (document.activeElement.closest("[data-key]") === before)
        (after.querySelector("summary") ?? after).focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    // What is being read and marked is not taken away.
    if (isPaused || document.hidden || !getSelection().isCollapsed) return;
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      if (!response.ok) throw new Error(`the server says ${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("main");
      if (!fresh) throw new Error("the server sends another page");
      const old = document.querySelector("main");
      old.after(fresh);
      keep(old, fresh);
      old.remove();
      said.textContent = "";
    } catch (error) {
      said.textContent ||= `Not refreshed since ${new Date().toLocaleTimeString()}: ${error.message}`;
    }
  };

  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) refresh();
  });
  document.addEventListener("visibilitychange", refresh);
  setInterval(refresh, SECONDS * 1000);
  place.hidden = false;
})();
