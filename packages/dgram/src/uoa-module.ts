import type { ConnectionClaim, Endpoint } from "@wherefrom/core";
import {
  isUoaAnswer,
  parseUoaLookup,
  UOA_LOOKUP_BYTES,
  UOA_LOOKUP_NAME,
  UOA_LOOKUP_OLD_BYTES,
  writeUoaLookup,
} from "@wherefrom/core/wire";
import type { SocketCalls } from "@wherefrom/native";

/** Longest time between two questions about a flow whose datagrams come, in milliseconds: so long may a client that the balancer gave the same port go unnoticed. */
export const UOA_ASK_AGAIN_MS = 1000;

/** Least time between two looks for another form, in milliseconds, while a module says that it does not know a flow: to each question of a form that it does not understand it writes a line to the kernel's log. */
const FORM_AGAIN_MS = 10_000;

const IPPROTO_IP = 0;
/** Negative answers of the module: a flow that it does not know, and a question of another form (ByteDance's has the second word for it). */
const ENOENT = 2;
const ENOMEM = 12;
const EINVAL = 22;

type Form = typeof UOA_LOOKUP_BYTES | typeof UOA_LOOKUP_OLD_BYTES;

/** Asks dpvs' kernel module (uoa.ko) who is behind a datagram's source. Modules may come and go while it is in use. */
export class UoaModule {
  readonly #sockopt: SocketCalls;
  /** What the module understands; undefined until it has told, and again after questions that it did not answer: another one may have taken its place. */
  #form: Form | undefined;
  /** When that was last found out. */
  #foundAt = 0;
  /** errno of the last question that was not answered; 92 (ENOPROTOOPT) where there is no module. */
  errno = 0;

  constructor(sockopt: SocketCalls) {
    this.#sockopt = sockopt;
  }

  /** Whether a module is loaded that answers. `fd` is a socket's own. */
  isLoaded(fd: number): boolean {
    return this.#findForm(fd) !== undefined;
  }

  /**
   * `fd` is the socket's own; `local` is what the datagram was sent to; `now` are milliseconds of a clock that never goes back. Undefined where the module does not know the flow, or is not
   * there.
   */
  ask(fd: number, source: Endpoint, local: Endpoint, now: number): ConnectionClaim | undefined {
    const question = new Uint8Array(UOA_LOOKUP_BYTES);
    if (this.#form === undefined) {
      this.#foundAt = now;
      // Old and new modules tell themselves apart by what they say to a question of the old form.
      if (!writeUoaLookup(question, UOA_LOOKUP_OLD_BYTES, source, local)) this.#form = this.#findForm(fd);
      else if (this.#ask(fd, question, UOA_LOOKUP_OLD_BYTES)) return this.#answerTo(question, UOA_LOOKUP_OLD_BYTES);
      else if (this.errno === EINVAL) this.#form = UOA_LOOKUP_BYTES;
    }
    const form = this.#form;
    if (form === undefined || !writeUoaLookup(question, form, source, local)) return undefined;
    if (this.#ask(fd, question, form)) return this.#answerTo(question, form);
    // A module of today does not know the flow; or an old one has taken its place, and understands none of this.
    if (form === UOA_LOOKUP_BYTES && this.errno === ENOENT && now - this.#foundAt < FORM_AGAIN_MS) return undefined;
    this.#form = undefined;
    // It was old, and a new one has taken its place.
    return form === UOA_LOOKUP_OLD_BYTES && this.errno === EINVAL ? this.ask(fd, source, local, now) : undefined;
  }

  #findForm(fd: number): Form | undefined {
    if (this.#ask(fd, new Uint8Array(UOA_LOOKUP_OLD_BYTES), UOA_LOOKUP_OLD_BYTES)) return UOA_LOOKUP_OLD_BYTES;
    if (this.errno === EINVAL) return UOA_LOOKUP_BYTES;
    return this.errno === ENOENT || this.errno === ENOMEM ? UOA_LOOKUP_OLD_BYTES : undefined;
  }

  /** Whether an answer of this form has come, which is then in the calls' buffer. */
  #ask(fd: number, question: Uint8Array, form: Form): boolean {
    this.#sockopt.buffer.set(question.subarray(0, form));
    const length = this.#sockopt.getSockopt(fd, IPPROTO_IP, UOA_LOOKUP_NAME, form);
    this.errno = length < 0 ? -length : 0;
    return length === form;
  }

  #answerTo(question: Uint8Array, form: Form): ConnectionClaim | undefined {
    this.#form = form;
    const answer = this.#sockopt.buffer.subarray(0, form);
    return isUoaAnswer(answer, question) ? parseUoaLookup(answer) : undefined;
  }
}
