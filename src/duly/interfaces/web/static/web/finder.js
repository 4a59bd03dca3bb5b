// A field that takes several things by number: each is found by any part of its name and kept as a chip that can be
// removed. What the form sends is what the plain field takes: numbers with commas between, and what is still typed.
class Finder extends HTMLElement {
  connectedCallback() {
    if (this.sent) return;
    this.sent = this.querySelector("input");
    this.known = new Map(Object.entries(JSON.parse(this.dataset.known || "{}")));
    this.field = this.sent.cloneNode();
    this.sent.type = "hidden";
    this.sent.removeAttribute("id");
    this.list = Object.assign(document.createElement("ul"), { id: `${this.field.id}_found`, role: "listbox", hidden: true });
    this.list.setAttribute("aria-label", "Found");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id })) this.field.setAttribute(name, value);
    this.field.removeAttribute("name");
    this.numbers = [...this.known.keys()];
    this.field.value = this.dataset.rest ?? "";
    this.append(this.field, this.list);
    this.classList.add("finder");
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    this.field.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => { event.preventDefault(); this.choose(event.target.closest("li")); });
    this.addEventListener("click", (event) => {
      const chip = event.target.closest("button")?.parentElement;
      if (chip) this.drop(chip.dataset.number);
      else if (event.target === this) this.field.focus();
    });
    this.draw();
  }

  typed() {
    this.keep();
    clearTimeout(this.waiting);
    const text = this.field.value.trim();
    if (!text) return this.close();
    this.waiting = setTimeout(() => this.ask(text), 150);
  }

  async ask(text) {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const answer = await fetch(`${this.dataset.url}?text=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" }, signal: this.asking.signal });
      const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
      this.show([...page.querySelectorAll("option")].filter((one) => !this.numbers.includes(one.value)));
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  show(found) {
    this.list.replaceChildren(...found.map((one, place) => {
      const row = Object.assign(document.createElement("li"), { id: `${this.list.id}_${place}`, role: "option", ariaSelected: String(place === 0) });
      const number = document.createElement("small");
      number.textContent = one.value;
      row.append(one.textContent, number);
      Object.assign(row.dataset, { number: one.value, name: one.textContent });
      return row;
    }));
    this.list.hidden = found.length === 0;
    this.mark();
  }

  mark() {
    const here = this.list.hidden ? null : this.list.querySelector("[aria-selected=true]");
    this.field.setAttribute("aria-expanded", String(!this.list.hidden));
    this.field.setAttribute("aria-activedescendant", here?.id ?? "");
    here?.scrollIntoView({ block: "nearest" });
  }

  close() {
    clearTimeout(this.waiting);
    this.asking?.abort();
    this.show([]);
  }

  pressed(event) {
    const rows = [...this.list.children];
    const here = rows.findIndex((row) => row.ariaSelected === "true");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && rows.length) {
      event.preventDefault();
      rows.forEach((row, place) => (row.ariaSelected = String(place === (here + by + rows.length) % rows.length)));
      this.mark();
    } else if (event.key === "Enter" && rows[here]) {
      event.preventDefault();
      this.choose(rows[here]);
    } else if (event.key === "Escape" && rows.length) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Backspace" && !this.field.value && this.numbers.length) {
      this.drop(this.numbers.at(-1));
    }
  }

  choose(row) {
    if (!row) return;
    this.known.set(row.dataset.number, row.dataset.name);
    this.numbers.push(row.dataset.number);
    this.field.value = "";
    this.close();
    this.draw();
  }

  drop(number) {
    this.numbers = this.numbers.filter((one) => one !== number);
    this.draw();
    this.field.focus();
  }

  draw() {
    this.querySelectorAll(".chip").forEach((chip) => chip.remove());
    this.field.before(...this.numbers.map((number) => {
      const chip = Object.assign(document.createElement("span"), { className: "chip", title: `${this.known.get(number)} (${number})` });
      chip.dataset.number = number;
      const name = document.createElement("span");
      name.textContent = this.known.get(number);
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×", ariaLabel: `Remove ${this.known.get(number)}` });
      chip.append(name, button);
      return chip;
    }));
    this.keep();
  }

  keep() {
    this.sent.value = [...this.numbers, this.field.value.trim()].filter(Boolean).join(", ");
  }
}

customElements.define("duly-finder", Finder);
