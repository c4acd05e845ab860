import { resolve } from "node:path";
import {
  type NormalizeOptions,
  type Policy,
  policyFromEnv,
  type PolicySource,
  policyText,
  WherefromError,
} from "@wherefrom/core";
import { checkNormalizeOptions, currentPolicy, invalidPolicy } from "@wherefrom/core/internal";
import type { ServerOptions } from "@wherefrom/net";
import { settingsFromFile } from "@wherefrom/sources";
import { listOf, refuseMisspelt, type Variable, valueOf } from "./variables.ts";

/** What the environment says. */
export interface Settings {
  readonly policy: Policy | PolicySource;
  /** Fulfilled when the policy is in force; rejected where there will be none. */
  readonly ready: Promise<void>;
  /** Options of every covered server, without `normalize`. */
  readonly server: ServerOptions;
  readonly normalize: NormalizeOptions;
  /** Undefined for all. */
  readonly ports: ReadonlySet<number> | undefined;
  readonly followsClients: boolean;
  /** Where the policy is from, and what it says, for a line of a log. Without secrets. */
  readonly describe: () => string;
}

const EXAMPLE = `WHEREFROM_POLICY="trust=10.1.2.0/24 from=x-forwarded-for" with the addresses of your proxies, or WHEREFROM_POLICY="trust=nobody" where none stands in front`;
/** Longest policy that a line of a log shows, in characters. */
const SHOWN_LIMIT = 300;

/** Throws a `WherefromError` with one sentence where the environment is missing something, says it twice, or says it wrongly. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  refuseMisspelt(env);
  const [text, file] = [valueOf(env, "WHEREFROM_POLICY"), valueOf(env, "WHEREFROM_CONFIG")];
  if (text !== undefined && file !== undefined)
    throw invalidPolicy("WHEREFROM_POLICY and WHEREFROM_CONFIG are both set: leave out one of them");
  if (text === undefined && file === undefined)
    throw invalidPolicy(`neither WHEREFROM_POLICY nor WHEREFROM_CONFIG is set: write ${EXAMPLE}`);
  const written = file === undefined ? fromText(text) : fromFile(file);
  const normalize = normalizeOf(written.normalize, env);
  const ports = onlyOne("ports", written.ports, "WHEREFROM_PORTS", readPorts(env));
  const reads = (["proxyProtocol", "toa"] as const).find((option) => isRead(written.server[option]));
  if (reads !== undefined && ports === undefined)
    throw invalidPolicy(
      `"${reads}" changes how connections are read: name the listeners that it is for, with "ports": [8443] in the settings file or WHEREFROM_PORTS=8443`,
    );
  return { ...written, normalize, ports: ports && new Set(ports), followsClients: readSwitch(env) };
}

type Written = Pick<Settings, "policy" | "ready" | "server" | "describe"> & {
  readonly normalize: NormalizeOptions;
  readonly ports: readonly number[] | undefined;
};

function fromText(text: string | undefined): Written {
  const policy = compileText(text);
  // As JSON it may have secrets.
  const shown = text?.startsWith("{") === true ? undefined : text;
  return {
    policy,
    ready: Promise.resolve(),
    server: {},
    normalize: {},
    ports: undefined,
    describe: () => `WHEREFROM_POLICY ${shorten(shown ?? compactText(policy))}`,
  };
}

function compileText(text: string | undefined): Policy {
  try {
    return policyFromEnv(text);
  } catch (error) {
    if (!WherefromError.is(error)) throw error;
    const { code, detail } = error as WherefromError;
    throw new WherefromError(code, `WHEREFROM_POLICY: ${detail}`, { cause: error });
  }
}

function fromFile(file: string): Written {
  const path = resolve(file);
  const { source, server, ports } = settingsFromFile(path);
  const { normalize, ...options } = server;
  if (normalize === false)
    throw invalidPolicy(`${path}: the preload normalises what applications see: leave "normalize": false out`);
  return {
    policy: source,
    ready: source.ready,
    server: options,
    normalize: typeof normalize === "object" ? normalize : {},
    ports,
    describe: () => `WHEREFROM_CONFIG ${path}, ${shorten(compactText(source))}`,
  };
}

/** Names of the file and of the variables must not be two settings of one thing. */
function normalizeOf(written: NormalizeOptions, env: NodeJS.ProcessEnv): NormalizeOptions {
  const options: NormalizeOptions = {
    remove: onlyOne("remove", written.remove, "WHEREFROM_REMOVE", listOf(env, "WHEREFROM_REMOVE")) ?? [],
    keep: onlyOne("keep", written.keep, "WHEREFROM_KEEP", listOf(env, "WHEREFROM_KEEP")) ?? [],
    write: onlyOne("write", written.write, "WHEREFROM_WRITE", listOf(env, "WHEREFROM_WRITE")) ?? [],
  };
  checkNormalizeOptions("WHEREFROM_REMOVE, _KEEP and _WRITE", options);
  return options;
}

function onlyOne<Value>(
  key: string,
  inFile: Value | undefined,
  variable: Variable,
  inEnvironment: Value | undefined,
): Value | undefined {
  if (inFile !== undefined && inEnvironment !== undefined)
    throw invalidPolicy(`the settings file has "${key}", and ${variable} is set: leave out one of them`);
  return inFile ?? inEnvironment;
}

function readPorts(env: NodeJS.ProcessEnv): readonly number[] | undefined {
  return listOf(env, "WHEREFROM_PORTS")?.map((port) => {
    if (/^[0-9]{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
    throw invalidPolicy(`WHEREFROM_PORTS is a list of port numbers, such as 8080,8443, and "${port}" is none`);
  });
}

function readSwitch(env: NodeJS.ProcessEnv): boolean {
  const value = valueOf(env, "WHEREFROM_CURRENT_CLIENT");
  if (value === undefined || value === "on" || value === "off") return value === "on";
  throw invalidPolicy(`WHEREFROM_CURRENT_CLIENT is "on" or "off", not "${value}"`);
}

/** "off" is an option that reads nothing. */
function isRead(option: unknown): boolean {
  return option !== undefined && option !== "off";
}

/** Throws where the policy believes what no listener reads: its clients would be unknown for ever. */
export function refuseUnread({ policy, server }: Settings): void {
  const { connectionMethods } = currentPolicy(policy);
  for (const [method, option] of [
    ["proxy-protocol", "proxyProtocol"],
    ["toa", "toa"],
  ] as const) {
    if (!connectionMethods.includes(method) || server[option] !== undefined) continue;
    const value = option === "toa" ? `"lvs"` : `"required"`;
    throw invalidPolicy(
      `the policy believes "${method}", and no listener reads it: write in a settings file (WHEREFROM_CONFIG) "server": { "${option}": ${value} } and "ports": [8443]`,
    );
  }
}

function compactText(policy: Policy | PolicySource): string {
  return JSON.stringify(JSON.parse(policyText(policy)));
}

function shorten(text: string): string {
  return text.length <= SHOWN_LIMIT ? text : `${text.slice(0, SHOWN_LIMIT)}…`;
}
