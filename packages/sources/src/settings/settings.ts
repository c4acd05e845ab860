import { readFileSync } from "node:fs";
import { compilePolicy, type PolicySource, WherefromError } from "@wherefrom/core";
import {
  anyText,
  anything,
  asJson,
  checkOptions,
  checkValue,
  flag,
  invalidPolicy,
  isOptionObject,
  listOf,
  NORMALIZE,
  required,
  type Shapes,
  tableOf,
  text,
  whole,
} from "@wherefrom/core/internal";
import type { ServerOptions } from "@wherefrom/net";
import { compileServerOptions } from "@wherefrom/net/internal";
import { followPolicy, type Lists } from "../follow/follow-policy.ts";
import { makeList } from "./list-settings.ts";
import { PolicySettings } from "./policy-settings.ts";

/** What settings say: a source to be given wherever a policy is taken, and the third argument of `wherefrom(server, source, server)`. */
export interface Settings {
  /** The policy, which follows the lists. */
  readonly source: PolicySource;
  /** Empty where the settings say nothing. */
  readonly server: ServerOptions;
  /** The ports whose listeners `@wherefrom/auto` puts under the policy; undefined for all of them. */
  readonly ports: readonly number[] | undefined;
}

/** Where secrets are looked for. */
export interface SettingsOptions {
  /** The variables in which secrets are looked for. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

interface Written {
  readonly $schema?: string;
  readonly lists?: Readonly<Record<string, unknown>>;
  readonly policy: unknown;
  readonly ports?: readonly number[];
  readonly server?: ServerOptions;
}

const SHAPES: Shapes<Written> = {
  $schema: anyText,
  lists: tableOf(anything),
  policy: required({
    ...anything,
    expected: `what compilePolicy takes, such as { "trust": [] } to believe no machine`,
  }),
  ports: { ...listOf(whole(0, 65_535)), expected: `a list of port numbers, such as [8080]` },
  server: { expected: `an object, such as { "proxyProtocol": "required" }`, fits: isOptionObject },
};
const OPTIONS: Shapes<SettingsOptions> = { env: tableOf(anything) };
/** Values are looked at as `wherefrom` does it. */
const SERVER: Shapes<ServerOptions> = { toa: anything, proxyProtocol: anything, notices: flag, normalize: NORMALIZE };

/** One file that says everything: lists, the policy, and options of the server, as JSON (`@wherefrom/sources/settings.schema.json`). Throws for what cannot be read, or is wrong, with what to write. */
export function settingsFromFile(path: string, options: SettingsOptions = {}): Settings {
  // A number would be a descriptor of the process, which may be a socket that never ends.
  checkValue("settingsFromFile(path): the path", path, text);
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (cause) {
    throw invalidPolicy(
      `the settings file ${JSON.stringify(path)} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
      { cause },
    );
  }
  return settingsOf(content, `the settings file ${JSON.stringify(path)}`, options);
}

/** The same as a text, such as an environment variable's. */
export function settingsFromText(content: string | undefined, options: SettingsOptions = {}): Settings {
  if (typeof content !== "string" || content.trim() === "") {
    throw invalidPolicy(
      `the settings are empty: write {"policy":{"trust":[]}}, or for example {"policy":{"trust":["10.1.2.0/24"],"from":"x-forwarded-for"}}`,
    );
  }
  return settingsOf(content, "the settings", options);
}

function settingsOf(content: string, subject: string, options: SettingsOptions): Settings {
  checkOptions<SettingsOptions>("settings, options", options, OPTIONS);
  try {
    const written = parse(content);
    checkOptions<Written>("the object", written, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
    const { lists = {}, policy, ports, server = {} } = written;
    checkOptions<ServerOptions>(`"server"`, server, SERVER);
    const made = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, makeList(name, list)]));
    const settings = new PolicySettings(policy, Object.keys(made), options.env ?? process.env);
    // What is wrong whatever the lists say is told at once, and not when the first lists are there.
    const first = compilePolicy(settings.optionsWith(placeholders(Object.keys(made))));
    compileServerOptions(server, first);
    const source = followPolicy({
      lists: made,
      policy: (now: Lists<string>) => inNotation(subject, () => settings.optionsWith(now)),
    });
    return { source, server, ports };
  } catch (error) {
    throw told(error, subject);
  }
}

/** Lists before they were read: an address each, of a range that is for documentation (RFC 3849), and that no other entry names. */
function placeholders(names: readonly string[]): Lists<string> {
  const asOf = new Date().toISOString().slice(0, 10);
  const prefixOf = (index: number): string => `2001:db8:ffff::${(index + 1).toString(16)}/128`;
  return Object.fromEntries(names.map((name, index) => [name, { source: name, asOf, prefixes: [prefixOf(index)] }]));
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (error) {
    // The parser's own message quotes the text, in which a secret may stand.
    const [, at] = /position (\d+)/.exec((error as Error).message) ?? [];
    const line = at === undefined ? undefined : content.slice(0, Number(at)).split("\n").length;
    throw invalidPolicy(`it is not JSON${line === undefined ? "" : `: look at line ${line}`}`);
  }
}

function inNotation<Value>(subject: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw told(error, subject);
  }
}

function told(error: unknown, subject: string): unknown {
  if (!WherefromError.is(error)) return error;
  const { code, detail } = error as WherefromError;
  return new WherefromError(code, `${subject}: ${asJson(detail)}`, { cause: error });
}
