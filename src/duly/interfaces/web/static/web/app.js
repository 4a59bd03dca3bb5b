// What the pages can do beyond links and forms: keys, the palette, rows that are walked and chosen, dialogs, theme.
// Everything here is an addition: each page works without it.

const typing = (target) => target.closest("input, select, textarea, [contenteditable]");
const visible = (element) => element.checkVisibility();

class Keys extends HTMLElement {
  #first = "";

  connectedCallback() {
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  #pressed(event) {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return palette.open();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const keys = `${this.#first} ${event.key}`.trim();
    this.#first = ["g", "n"].includes(event.key) ? event.key : "";
    const area = document.querySelector(`[data-keys="${CSS.escape(keys)}"]`);
    if (area) return location.assign(area.href);
    if (event.key === "/") {
      event.preventDefault();
      (document.querySelector(".find input") ?? document.querySelector(".filters input[type=search]"))?.focus();
    } else if (event.key === "?") {
      document.getElementById("shortcuts")?.showModal();
    } else {
      document.querySelector("duly-rows")?.pressed(event);
    }
  }
}

class Rows extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("change", (event) => this.#chosen(event.target));
  }

  get rows() {
    return [...this.querySelectorAll("tbody tr")];
  }

  pressed(event) {
    const here = this.querySelector("tr.here");
    if (event.key === "j" || event.key === "k") this.#move(here, event.key === "j" ? 1 : -1);
    else if (event.key === "x") here?.querySelector(".tick input")?.click();
    else if (event.key === "Enter" && here?.dataset.url && !event.target.closest("a, button")) location.assign(here.dataset.url);
  }

  #move(here, by) {
    const rows = this.rows;
    const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(here) + (here ? by : by > 0 ? 1 : 0)))];
    here?.classList.remove("here");
    next?.classList.add("here");
    next?.scrollIntoView({ block: "nearest" });
    next?.querySelector("a")?.focus({ preventScroll: true });
  }

  #clicked(event) {
    const row = event.target.closest("tr[data-url]");
    if (!row || event.target.closest("a, button, input, label, details") || getSelection().toString()) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.url, "_blank", "noopener");
    else location.assign(row.dataset.url);
  }

  #chosen(box) {
    const boxes = [...this.querySelectorAll(".tick input[name=rows]")];
    if (box.matches("[data-all]")) boxes.forEach((one) => (one.checked = box.checked));
    const count = boxes.filter((one) => one.checked).length;
    const said = this.closest("form")?.querySelector(".bulk [data-chosen]");
    if (said) said.textContent = `${count} chosen`;
  }
}

class Message extends HTMLElement {
  connectedCallback() {
    this.querySelector("[data-dismiss]")?.addEventListener("click", () => this.remove());
    if (this.matches(".success, .good")) setTimeout(() => this.remove(), 8000);
  }
}

const palette = {
  open() {
    const dialog = document.getElementById("palette");
    if (!dialog || dialog.open) return;
    this.dialog ??= this.prepare(dialog);
    dialog.querySelector("input").value = "";
    this.show("");
    dialog.showModal();
  },

  prepare(dialog) {
    const input = dialog.querySelector("input");
    input.addEventListener("input", () => this.show(input.value));
    input.addEventListener("keydown", (event) => this.pressed(event));
    dialog.querySelector("ul").addEventListener("click", (event) => this.go(event.target.closest("li")));
    return dialog;
  },

  places() {
    const found = new Map();
    for (const link of document.querySelectorAll("#acts a, .side nav a, main a[href], main .heading a.button")) {
      const text = (link.querySelector("span") ?? link).textContent.trim();
      const kind = link.closest("#acts") ? "Begin" : link.closest(".side") ? "Go to" : "On this page";
      if (text && !found.has(link.href)) found.set(link.href, { text, url: link.href, kind, keys: link.dataset.keys });
    }
    return [...found.values()];
  },

  // Places and acts that hold every word, in any order: “pay rec” is “Record a payment”.
  fitting(text) {
    const words = text.trim().toLowerCase().split(/\s+/);
    return this.places().filter((place) => words.every((word) => place.text.toLowerCase().includes(word)));
  },

  async show(text) {
    const wanted = text.trim().toLowerCase();
    this.draw(this.fitting(text).slice(0, 18));
    const search = this.dialog.querySelector("input").dataset.search;
    if (!search || wanted.length < 2) return;
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const answer = await fetch(`${search}?text=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" }, signal: this.asking.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const hits = [...page.querySelectorAll("a[href]")].map((link) => ({ text: link.textContent.trim().replace(/\s+/g, " "), url: link.href, kind: "Found" }));
      this.draw([...this.fitting(text).slice(0, 4), ...hits]);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  },

  draw(choices) {
    const list = this.dialog.querySelector("ul");
    list.replaceChildren(...choices.map((choice, place) => {
      const row = document.createElement("li");
      const kind = document.createElement("small");
      kind.textContent = choice.keys ? `${choice.kind} · ${choice.keys}` : choice.kind;
      row.append(choice.text, kind);
      Object.assign(row, { id: `palette-${place}`, role: "option", ariaSelected: String(place === 0) });
      row.dataset.url = choice.url;
      return row;
    }));
    this.mark();
  },

  mark() {
    const chosen = this.dialog.querySelector("[aria-selected=true]");
    this.dialog.querySelector("input").setAttribute("aria-activedescendant", chosen?.id ?? "");
    chosen?.scrollIntoView({ block: "nearest" });
  },

  pressed(event) {
    const rows = [...this.dialog.querySelectorAll("[role=option]")];
    const here = rows.findIndex((row) => row.ariaSelected === "true");
    if (event.key === "Enter") this.go(rows[here]);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || !rows.length) return;
    event.preventDefault();
    rows.forEach((row, place) => (row.ariaSelected = String(place === (here + by + rows.length) % rows.length)));
    this.mark();
  },

  go(row) {
    if (row) location.assign(row.dataset.url);
  },
};

// A list is asked for while its search is typed. That the field then loses the focus is no reason to ask again, which
// would take away the ticks that were just set.
document.addEventListener("change", (event) => {
  if (event.target.matches(".filters input[type=search]")) event.stopPropagation();
}, true);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]") || event.target.matches("dialog[open]")) event.target.closest("dialog").close();
});

// The theme changes at once; the form behind it keeps it in a cookie, so that the next page is drawn right.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form.theme");
  if (form) {
    event.preventDefault();
    const chosen = event.submitter.value;
    document.documentElement.dataset.theme = chosen;
    document.querySelectorAll("form.theme button").forEach((one) => one.setAttribute("aria-pressed", String(one.value === chosen)));
    const body = new FormData(form, event.submitter);
    fetch(form.action, { method: "POST", body, redirect: "manual" });
    return;
  }
  // A form that is sent is sent once: its button rests until the answer, or until the page is shown again.
  const button = event.target.method === "post" ? event.submitter : null;
  if (button) setTimeout(() => { button.disabled = true; resting.add(button); });
});

const resting = new Set();
addEventListener("pageshow", () => {
  resting.forEach((button) => (button.disabled = false));
  resting.clear();
});
document.addEventListener("htmx:afterRequest", () => dispatchEvent(new Event("pageshow")));

// A request that somebody typed on or went away from is no fault. htmx calls its logger before it writes to the console.
if (window.htmx) {
  htmx.logger = (_, name, detail) => {
    if (name === "htmx:sendAbort" || name === "htmx:afterRequest") delete detail.error;
  };
}

customElements.define("duly-keys", Keys);
customElements.define("duly-rows", Rows);
customElements.define("duly-message", Message);
