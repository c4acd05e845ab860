/** What a name is: `EVIDENCE` is read by the policy, `REMOVED` is not for the application. */
export const EVIDENCE = 1;
export const REMOVED = 2;

/** Names of this many characters and more share a row of `#shapes`. */
const LENGTHS = 64;
/** Spellings that are remembered. Clients write one or two of each name; an attacker's are looked up anew. */
const SPELLINGS = 512;

/**
 * Which headers are which, by the names as clients spell them. Gateways to CGI, PHP and WSGI write every character but letters and digits alike, and some put `HTTP_` in front (RFC 3875,
 * 4.1.18): a name that reads like a removed one then is removed with it.
 */
export class NameTable {
  readonly #exact: ReadonlyMap<string, number>;
  readonly #removed: ReadonlySet<string>;
  readonly #kept: ReadonlySet<string>;
  /** By length and first letter: whether a name can be in the table at all. Most headers of a request cannot. */
  readonly #shapes = new Uint8Array(LENGTHS * 32);
  readonly #seen = new Map<string, number>();

  constructor(evidence: Iterable<string>, removed: Iterable<string>, kept: readonly string[]) {
    const exact = new Map<string, number>();
    for (const name of evidence) exact.set(name, EVIDENCE);
    this.#kept = new Set(kept);
    this.#removed = new Set([...removed].map(folded));
    for (const name of this.#removed) {
      this.#shapes[shapeOf(name)] = 1;
      this.#shapes[shapeOf(`http-${name}`)] = 1;
    }
    for (const name of exact.keys()) {
      this.#shapes[shapeOf(name)] = 1;
      if (this.#isRemoved(name)) exact.set(name, EVIDENCE | REMOVED);
    }
    this.#exact = exact;
  }

  /** `EVIDENCE`, `REMOVED`, both, or 0. In any case of letters. */
  flagsOf(name: string): number {
    if (this.#shapes[shapeOf(name)] === 0) return 0;
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const flags = this.#look(name.toLowerCase());
    if (this.#seen.size < SPELLINGS) this.#seen.set(name, flags);
    return flags;
  }

  #look(name: string): number {
    return this.#exact.get(name) ?? (this.#isRemoved(name) ? REMOVED : 0);
  }

  #isRemoved(name: string): boolean {
    if (this.#kept.has(name)) return false;
    const plain = folded(name);
    return this.#removed.has(plain) || (plain.startsWith("http-") && this.#removed.has(plain.slice("http-".length)));
  }
}

function folded(name: string): string {
  return name.replace(/[^a-z0-9]/g, "-");
}

function shapeOf(name: string): number {
  const { length } = name;
  return (length < LENGTHS ? length : LENGTHS - 1) * 32 + (name.charCodeAt(0) & 31);
}
