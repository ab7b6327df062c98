/** Tokens that all tabs of a browser share. They travel over a channel and are never in local storage. */

const NAME = "doseexport.session";
const GENERATION = "doseexport.generation";
const ANSWER_MS = 2000;

/**
 * The channel between the tabs. Every sign-out begins a new generation, whose random name is in local storage:
 * tokens of an older one are refused, also by a tab that was frozen while another tab signed out.
 */
export class SharedTokens {
  /**
   * @param {{offer: () => ?Object, onreceive: (tokens: Object) => void, onend: () => void}} tab
   *   `offer` returns the tokens of this tab; the others hear of tokens and of a sign-out elsewhere
   */
  constructor({ offer, onreceive, onend }) {
    this.channel = new BroadcastChannel(NAME);
    this.channel.addEventListener("message", ({ data }) => {
      if (data !== null) this.#receive(data, onreceive);
      else if (offer()) this.channel.postMessage(offer());
    });
    addEventListener("storage", ({ key }) => [GENERATION, null].includes(key) && onend());
  }

  /** The name of the present generation. */
  get generation() {
    return localStorage.getItem(GENERATION) ?? "";
  }

  /** Whether nobody has signed out since these tokens came. True without tokens. */
  isCurrent = (tokens) => !tokens || tokens.generation === this.generation;

  /** Begin a new generation: all tabs sign out. */
  end() {
    localStorage.setItem(GENERATION, crypto.randomUUID());
  }

  /** Give tokens to all other tabs. */
  send(tokens) {
    this.channel.postMessage(tokens);
  }

  /** Show other tabs that this one can give tokens. */
  announce() {
    if (this.withdraw) return;
    const held = new Promise((resolve) => {
      this.withdraw = () => {
        resolve();
        this.withdraw = null;
      };
    });
    navigator.locks.request(NAME, { mode: "shared" }, () => held);
  }

  /** Ask the other tabs for tokens. Return when one has answered, at once if none has tokens. */
  async request() {
    const { held } = await navigator.locks.query();
    if (!held.some((lock) => lock.name === NAME)) return;
    const answered = new Promise((resolve) => {
      this.answered = resolve;
      setTimeout(resolve, ANSWER_MS);
    });
    this.channel.postMessage(null);
    await answered;
  }

  #receive(tokens, onreceive) {
    if (!this.isCurrent(tokens)) return;
    onreceive(tokens);
    this.answered?.(); // request() waits for this
  }
}
