"use strict";
// Light, dark, or as the system has it.
const themeButton = document.getElementById("theme");
const themes = ["auto", "light", "dark"];
let theme = 0;
themeButton.addEventListener("click", () => {
  theme = (theme + 1) % themes.length;
  document.documentElement.style.colorScheme = theme === 0 ? "" : themes[theme];
  themeButton.textContent = `Theme: ${themes[theme]}`;
});
themeButton.hidden = false;
