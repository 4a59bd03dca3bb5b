// A batch goes on by itself when the server, or the way to it, is back. Nothing is done twice: each part has a key.

const LONGEST = 15;
const NO_SERVER = [502, 503, 504]; // what a proxy says in its place

class Resuming extends HTMLElement {
  #tries = 0;
  #timer = 0;

  connectedCallback() {
    this.addEventListener("htmx:sendError", () => this.#lost());
    this.addEventListener("htmx:responseError", (event) => {
      if (NO_SERVER.includes(event.detail.xhr.status)) this.#lost();
      else this.form.submit(); // a fault has a page of its own
    });
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  get form() {
    return this.querySelector("form");
  }

  #lost() {
    this.querySelector("[role=alert]").hidden = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => htmx.trigger(this.form, "again"), 1000 * Math.min(2 ** this.#tries++, LONGEST));
  }
}

customElements.define("duly-resuming", Resuming);
