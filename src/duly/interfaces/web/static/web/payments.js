// Money spread over invoices by keyboard: what is left is counted while amounts are typed, in whole minor units.
// The server counts again; without this the proposals and the form's own button do the same.

const minor = (text, decimals) => {
  const plain = text.trim().replace(/(\d)[, \u00a0](?=\d{3}(\D|$))/g, "$1");
  const parts = /^(\d*)\.?(\d*)$/.exec(plain);
  if (!parts || parts[2].length > decimals && /[1-9]/.test(parts[2].slice(decimals))) return null;
  return BigInt((parts[1] || "0") + parts[2].slice(0, decimals).padEnd(decimals, "0"));
};

const plain = (amount, decimals) => {
  const digits = String(amount).padStart(decimals + 1, "0");
  return decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
};

class Spread extends HTMLElement {
  #hand = false;
  #asked = null;

  connectedCallback() {
    // What was typed before the scripts were there, or restored by the browser, is proposed for as if it came now.
    const amount = this.querySelector("#facts input[name=amount]");
    const begin = () => amount && amount.value !== amount.defaultValue && window.htmx?.trigger("#facts", "change");
    if (document.readyState === "complete") begin();
    else document.addEventListener("DOMContentLoaded", () => setTimeout(begin), { once: true });  // after htmx
    this.addEventListener("input", (event) => this.#typed(event.target));
    this.addEventListener("keydown", (event) => this.#pressed(event));
    // A proposal for what was typed is asked for once, and not after someone has spread the money by hand: what comes
    // late must not undo what they typed meanwhile.
    this.addEventListener("htmx:confirm", (event) => {
      if (event.target.id !== "facts") return;
      const facts = [...event.target.querySelectorAll("input, select")].map((field) => field.value).join("\n");
      if (this.#hand || facts === this.#asked) event.preventDefault();
      this.#asked = facts;
    });
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-fill]");
      if (button) this.#fill(button.closest("td").querySelector("input"));
    });
  }

  get #table() {
    return this.querySelector("#spread");
  }

  get #inputs() {
    return [...this.querySelectorAll(".pay input")];
  }

  get #decimals() {
    return Number(this.#table.dataset.decimals);
  }

  get #received() {
    const amount = this.querySelector("input[name=amount]");
    return minor(amount ? amount.value : this.#table.dataset.amount, this.#decimals) ?? 0n;
  }

  #taken(but) {
    return this.#inputs.reduce((sum, input) => sum + (input === but ? 0n : minor(input.value, this.#decimals) ?? 0n), 0n);
  }

  #typed(target) {
    if (target.closest(".pay")) this.#byHand();
    if (target.closest("#facts")) this.#hand = false;
    if (target.closest(".pay") || target.name === "amount") this.#count();
  }

  #byHand() {
    this.#hand = true;
    if (this.querySelector("#facts")) window.htmx?.trigger("#facts", "htmx:abort");
    this.querySelector("input[name=way]").value = "hand";
    this.querySelectorAll(".ways [aria-pressed]").forEach((button) => button.setAttribute("aria-pressed", "false"));
  }

  #pressed(event) {
    if (!event.target.matches(".pay input")) return;
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === " ") this.#fill(event.target);
    else if (by) {
      const inputs = this.#inputs;
      const next = inputs[inputs.indexOf(event.target) + by] ?? (by > 0 ? this.querySelector("footer .primary") : null);
      next?.focus();
      next?.select?.();
    } else return;
    event.preventDefault();
  }

  #fill(input) {
    const left = this.#received - this.#taken(input);
    const open = minor(input.dataset.open, this.#decimals);
    const part = open < left ? open : left;
    input.value = part > 0n ? plain(part, this.#decimals) : "";
    this.#byHand();
    this.#count();
    input.focus();
  }

  #count() {
    const taken = this.#taken();
    const left = this.#received - taken;
    this.#show("amount", this.#received);
    this.#show("taken", taken);
    this.#show("left", left);
    this.querySelector(".rest").classList.toggle("over", left < 0n);
  }

  #show(name, amount) {
    const [whole, part] = plain(amount < 0n ? -amount : amount, this.#decimals).split(".");
    const sign = amount < 0n ? "\u2212" : "";
    const place = this.querySelector(`[data-count=${name}] .money`);
    const small = document.createElement("small");
    small.textContent = part ? `.${part}` : "";
    place.replaceChildren(`${sign}${this.#table.dataset.symbol}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}`, small);
  }
}

customElements.define("duly-spread", Spread);
