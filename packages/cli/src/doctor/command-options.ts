import { isIP } from "node:net";
import { parseAddress, parseEndpoint } from "@wherefrom/core";
import { TOKEN_LEAST_BYTES } from "@wherefrom/doctor/protocol";
import type { OptionReading, OptionTable } from "../terminal/option.ts";
import type { Target } from "./probing/transport.ts";

/** Variable of the environment with the token: the command line of a process is readable for every user of a machine. */
export const TOKEN_VARIABLE = "WHEREFROM_DOCTOR_TOKEN";

export const DOCTOR_OPTIONS: OptionTable = {
  token: {
    type: "string",
    value: "TOKEN",
    description: `the doctor's token; better in the variable ${TOKEN_VARIABLE}`,
  },
  me: { type: "string", value: "ADDRESS", description: "your public address, where this command is behind a NAT" },
  direct: {
    type: "string",
    value: "HOST:PORT",
    description: "the service itself: whether clients can go round the proxy",
  },
  local: { type: "string", value: "SOCKET", description: "the doctor's local socket, on the service's machine" },
  path: { type: "string", value: "PATH", description: "path of the URL to try; give it again for each further path" },
  gentle: { type: "boolean", description: "5 probes a second, one at a time" },
  strict: { type: "boolean", description: "exit with 1 for warnings, too" },
  json: { type: "boolean", description: "print one line of JSON" },
  insecure: { type: "boolean", description: "accept a certificate that cannot be verified" },
  arm: {
    type: "string",
    value: "TIME",
    description: "arm the doctor behind --local for this long, such as 15m, and probe nothing",
  },
  listen: { type: "string", value: "PORT", description: "answer probes on this port, in the place of a service" },
  host: { type: "string", value: "ADDRESS", description: "address for --listen; default 127.0.0.1" },
};

/** What a run over a URL was asked for. */
export interface ProbeOptions {
  readonly url: string;
  readonly target: Target;
  readonly direct: Target | undefined;
  readonly token: string;
  readonly me: string | undefined;
  readonly local: string | undefined;
  readonly paths: readonly [string, ...string[]];
  readonly isGentle: boolean;
}

/** Paths that are tried where none is named: that of the URL, and one that an edge may treat otherwise. */
const OTHER_PATH = "/.well-known/wherefrom";
/** Most paths of one run. */
const PATH_LIMIT = 8;

/** The token, or what is wrong with it, as a sentence. */
export function readToken(
  values: OptionReading["values"],
  env: Readonly<Record<string, string | undefined>>,
): { readonly token: string } | string {
  const token = values["token"] ?? env[TOKEN_VARIABLE];
  if (token === undefined || token === "") return `Which token? Set ${TOKEN_VARIABLE} to that of the service's doctor.`;
  if (Buffer.byteLength(token) < TOKEN_LEAST_BYTES) {
    return `The token is shorter than ${TOKEN_LEAST_BYTES} bytes: give that of the service's doctor.`;
  }
  return { token };
}

/** The options of a run, or what is wrong with the first that cannot be read, as a sentence. */
export function readProbeOptions(
  { words, values, names, lists }: OptionReading,
  env: Readonly<Record<string, string | undefined>>,
): ProbeOptions | string {
  const [text, ...others] = words;
  if (text === undefined)
    return "Which URL? Give that by which clients reach the service, such as https://shop.example/.";
  if (others.length > 0) return `Unexpected argument "${others[0]}": one run probes one URL.`;
  const given = readToken(values, env);
  if (typeof given === "string") return given;
  const url = readUrl(text);
  if (typeof url === "string") return url;
  const isChecked = !names.has("insecure");
  const me = values["me"] === undefined ? undefined : parseAddress(values["me"])?.text;
  if (values["me"] !== undefined && me === undefined) return `"${values["me"]}" of --me is not an IP address.`;
  const direct = values["direct"] === undefined ? undefined : readHostPort(values["direct"]);
  if (values["direct"] !== undefined && direct === undefined) {
    return `"${values["direct"]}" of --direct is not HOST:PORT, such as 10.0.0.5:3000 or [2001:db8::5]:3000.`;
  }
  const paths = lists["path"] ?? defaultPaths(url.pathname);
  const bad = paths.find((path) => !/^\/[!-~]*$/.test(path) || /[?#]/.test(path));
  if (bad !== undefined) return `"${bad}" of --path is not a URL path such as /api/.`;
  if (paths.length > PATH_LIMIT)
    return `--path is given ${paths.length} times, and one run tries ${PATH_LIMIT} paths at most.`;
  return {
    url: `${url.origin}${url.pathname}`,
    target: targetOf(url, isChecked),
    direct: direct === undefined ? undefined : { ...direct, isSecure: false, isChecked, authority: url.host },
    token: given.token,
    me,
    local: values["local"],
    paths: [...new Set(paths)] as [string, ...string[]],
    isGentle: names.has("gentle"),
  };
}

function defaultPaths(path: string): readonly string[] {
  return path === "/" ? ["/", OTHER_PATH] : [path];
}

function readUrl(text: string): URL | string {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : "");
  if (url === null) return `"${text}" is not a URL of http or https, such as https://shop.example/.`;
  if (url.username !== "" || url.password !== "")
    return "A URL with a user or a password in it is not probed: leave them out.";
  return url;
}

function targetOf(url: URL, isChecked: boolean): Target {
  const isSecure = url.protocol === "https:";
  return {
    isSecure,
    isChecked,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    authority: url.host,
  };
}

function readHostPort(text: string): Pick<Target, "host" | "port"> | undefined {
  const endpoint = parseEndpoint(text);
  if (endpoint?.port !== undefined) return { host: endpoint.address, port: endpoint.port };
  const [, host = "", port] = /^([^\s:/[\]]+):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  return host === "" || isIP(host) === 6 || number < 1 || number > 65_535 ? undefined : { host, port: number };
}
