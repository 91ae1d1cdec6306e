// The theme's menus open by a click alone. Here they are reached by Tab, work by Enter and Space, and tell whether they are open.
"use strict";

const CLICKED = "h2[x-on\\:click], span[x-on\\:click], a[x-on\\:click]:not([href]), div.cursor-pointer[x-on\\:click]";
const NAMES = { dock_to_right: "Sidebar", close: "Close the sidebar" };

document.addEventListener("DOMContentLoaded", () => {
  for (const one of document.querySelectorAll(CLICKED)) {
    one.tabIndex = 0;
    one.setAttribute("role", "button");
    const name = NAMES[one.textContent.trim()];
    if (name) one.setAttribute("aria-label", name);
    one.addEventListener("keydown", (event) => {
      if (event.target !== one || !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      one.click();
    });
  }
  for (const heading of document.querySelectorAll("#nav-sidebar-apps h2[x-on\\:click]")) {
    const entries = heading.nextElementSibling;
    const tell = () => heading.setAttribute("aria-expanded", String(entries.style.display !== "none"));
    new MutationObserver(tell).observe(entries, { attributes: true, attributeFilter: ["style"] });
    tell();
  }
});
