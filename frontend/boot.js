// Before anything is drawn: the reader's theme, from `?theme=`, else from the last visit.
// After that: if the dashboard does not start, say so.
(() => {
  const chosen = new URLSearchParams(location.search).get("theme");
  let theme = chosen;
  try {
    theme ??= localStorage.getItem("ringleader-theme");
  } catch {
    // A browser that refuses storage still shows the page.
  }
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
  const complain = () => {
    const boot = document.getElementById("boot");
    if (boot) {
      boot.dataset.failed = "";
    }
  };
  addEventListener("error", complain);
  addEventListener("unhandledrejection", complain);
})();
