import type { PolicyOptions } from "@wherefrom/core";
import { hintAt, invalidPolicy, isOptionObject } from "@wherefrom/core/internal";
import * as presets from "@wherefrom/core/presets";
import type { Lists } from "../follow/follow-policy.ts";
import { readSecret } from "./secret.ts";

type Preset = (options: object) => object;

const { parseRangeTable: _, ...RULES } = presets;
const PRESETS = RULES as unknown as Readonly<Record<string, Preset>>;

/** `"list:edge"` stands for the prefixes of a list, wherever peers are named. */
const LIST = "list:";
const PEER_KEYS: readonly string[] = ["trust", "peers", "infrastructure"];

/** Reads `policy` of settings: what `compilePolicy` takes, with lists by name, presets by name, and secrets by reference. */
export class PolicySettings {
  readonly #settings: unknown;
  readonly #names: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  constructor(settings: unknown, names: readonly string[], env: NodeJS.ProcessEnv) {
    this.#settings = settings;
    this.#names = names;
    this.#env = env;
  }

  /** The options with the lists as they are now. Secrets are read anew, so that one that was replaced is taken with the next change. */
  optionsWith(lists: Lists<string>): PolicyOptions {
    return this.#read(this.#settings, "policy", lists) as PolicyOptions;
  }

  #read(value: unknown, place: string, lists: Lists<string>): unknown {
    if (Array.isArray(value)) return value.map((entry, index) => this.#read(entry, `${place}[${index}]`, lists));
    if (!isOptionObject(value)) return value;
    const read = Object.entries(value).map(([key, each]): [string, unknown] => {
      const at = `${place}.${key}`;
      if (key === "equals") return [key, this.#secrets(each, at)];
      if (key === "ranges") return [key, this.#table(each, at, lists)];
      if (PEER_KEYS.includes(key)) return [key, this.#peers(each, at, lists)];
      return [key, this.#read(each, at, lists)];
    });
    const options = Object.fromEntries(read);
    return "preset" in options ? this.#rule(options, place) : options;
  }

  #rule({ preset, ...options }: Record<string, unknown>, place: string): object {
    const make = typeof preset === "string" && Object.hasOwn(PRESETS, preset) ? PRESETS[preset] : undefined;
    if (make !== undefined) return make(options);
    throw invalidPolicy(
      `${place}.preset: ${JSON.stringify(preset)} is not a preset; ${hintAt(preset, Object.keys(PRESETS))}`,
    );
  }

  #secrets(value: unknown, place: string): string | string[] {
    if (!Array.isArray(value)) return readSecret(value, place, this.#env);
    return value.map((each: unknown, index) => readSecret(each, `${place}[${index}]`, this.#env));
  }

  #peers(value: unknown, place: string, lists: Lists<string>): unknown {
    if (typeof value === "string" && value.startsWith(LIST)) return this.#table(value, place, lists).prefixes;
    if (!Array.isArray(value)) return value;
    return (value as readonly unknown[]).flatMap((entry, index): readonly unknown[] =>
      typeof entry === "string" && entry.startsWith(LIST)
        ? this.#table(entry, `${place}[${index}]`, lists).prefixes
        : [entry],
    );
  }

  #table(value: unknown, place: string, lists: Lists<string>): Lists<string>[string] {
    const name = typeof value === "string" && value.startsWith(LIST) ? value.slice(LIST.length) : undefined;
    const table = name !== undefined && Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (table !== undefined) return table;
    // A table of one's own, as parseRangeTable answers it: whoever takes it checks it.
    if (isOptionObject(value)) return value as Lists<string>[string];
    const known = this.#names.length === 0 ? `"lists" of the settings has none` : hintAt(name ?? value, this.#names);
    throw invalidPolicy(
      name === undefined
        ? `${place}: a list is named as "list:NAME"; ${known}`
        : `${place}: there is no list ${JSON.stringify(name)}; ${known}`,
    );
  }
}
