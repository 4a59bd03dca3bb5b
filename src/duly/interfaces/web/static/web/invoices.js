// Lines that are dragged into another order; the buttons beside them do the same without this.

class Order extends HTMLElement {
  connectedCallback() {
    const form = document.getElementById(this.dataset.form ?? "");
    if (!form) return;
    for (const line of this.querySelectorAll("details")) line.draggable = true;
    this.addEventListener("dragstart", (event) => this.#lift(event));
    this.addEventListener("dragover", (event) => this.#over(event));
    this.addEventListener("dragend", () => this.#rest());
    this.addEventListener("drop", (event) => this.#drop(event, form));
  }

  get lines() {
    return [...this.querySelectorAll("details")];
  }

  #lift(event) {
    this.lifted = event.target.closest?.("details");
    if (!this.lifted || this.lifted.open || getSelection().toString()) return event.preventDefault();
    this.lifted.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
  }

  #over(event) {
    if (!this.lifted) return;
    event.preventDefault();
    const over = event.target.closest("details");
    for (const line of this.lines) line.classList.toggle("over", line === over && line !== this.lifted);
  }

  #rest() {
    this.lifted = null;
    for (const line of this.lines) line.classList.remove("over", "dragged");
  }

  #drop(event, form) {
    const target = event.target.closest("details");
    if (!this.lifted || !target || target === this.lifted) return;
    event.preventDefault();
    const before = this.lines.indexOf(this.lifted) > this.lines.indexOf(target);
    target[before ? "before" : "after"](this.lifted);
    form.querySelector("[name=positions]").value = this.lines.map((line) => line.dataset.position).join(",");
    form.requestSubmit();
  }
}

customElements.define("duly-order", Order);
