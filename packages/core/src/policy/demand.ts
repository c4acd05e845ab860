import { HEADER_NAME } from "./carrier.ts";
import type { Distrust } from "../evidence/claim.ts";
import { invalidPolicy } from "../options/errors.ts";
import { type Connection, fieldText, type Headers, isFirstLineHeader } from "../evidence/evidence.ts";
import { HOP_LIMIT, SLOT_LIMIT } from "../options/limits.ts";
import { explainUnknownKey } from "../options/keys.ts";
import { nearestSpelling } from "../options/spelling.ts";
import { shapeText } from "../options/value-text.ts";

/**
 * What a machine must show besides its address, because ranges are not identity: a CDN's ranges are shared by all of its customers.
 * A header that only your CDN configuration sets, or a client certificate that your server checked: any authorised one, or the one with this SHA-256 fingerprint.
 *
 * A header arrives once, so it proves one machine: the nearest one that a rule asks for it. `machines` says how many share it (an edge and its shield: 2).
 * `equals` may list several values, so that a secret can be changed without a gap: first the new one, then the old one.
 */
export type Demand =
  | {
      /** Name of the header in lower case. */
      readonly header: string;
      /** Its value, of 8 characters at least, or up to four values of which one must be there. */
      readonly equals: string | readonly string[];
      /** How many machines of one path share the secret. Default 1. */
      readonly machines?: number;
    }
  | {
      /** "authorized": any client certificate that the server's CA signed. */
      readonly certificate: "authorized" | { readonly fingerprint256: string };
    };

/** What a walk shows to a demand. */
interface DemandEvidence {
  readonly headers: Headers | undefined;
  readonly rawHeaders: readonly string[] | undefined;
  /** Whether lines of the headers were left out. */
  readonly isCut: boolean;
  /** For each demanded header: how many machines it has proven. */
  readonly proven: Uint8Array;
}

/** A demand as the walk asks for it. */
export interface CompiledDemand {
  /** The header that it reads; undefined where it asks for a certificate. */
  readonly header: string | undefined;
  /** How many machines of one path it may prove. */
  readonly machines: number;
  /** Why the machine is not believed, or undefined where it meets the demand. */
  doubt(evidence: DemandEvidence, connection: Connection, isPeer: boolean): Distrust | undefined;
}

/** Shortest secret that may stand in for identity, in characters. */
const SECRET_LENGTH_MIN = 8;
/** Most values that `equals` may list: one in use, those before it, those to come. */
const SECRET_LIMIT = 4;
/** Most machines that one header may prove. */
const MACHINES_LIMIT = HOP_LIMIT - 1;

/** Compiles the demands of one policy, and numbers the headers that they read. Throws `ERR_WHEREFROM_INVALID_POLICY`, in whose text no secret stands. */
export class DemandCompiler {
  readonly #slots: string[] = [];

  /** Names of the demanded headers, by slot. */
  get headers(): readonly string[] {
    return this.#slots;
  }

  compile(demand: Demand): CompiledDemand {
    if (isObject(demand)) {
      if ("header" in demand) return this.#compileHeader(demand);
      if ("certificate" in demand) return compileCertificate(demand);
    }
    const isKeyed = isObject(demand) && Object.keys(demand).length > 0;
    const given = isKeyed ? "an object with neither" : shapeText(demand);
    throw invalidPolicy(`with is { header, equals } or { certificate }, not ${given}`);
  }

  #compileHeader(demand: Extract<Demand, { header: string }>): CompiledDemand {
    refuseDemandKeys(demand, ["header", "equals", "machines"]);
    const { header, equals, machines = 1 } = demand;
    if (typeof header !== "string" || !HEADER_NAME.test(header)) {
      throw invalidPolicy(`with.header is a header's name in lower case, such as "x-origin-secret"`);
    }
    const secrets = Array.isArray(equals) ? (equals as readonly string[]) : [equals as string];
    if (secrets.length === 0 || secrets.length > SECRET_LIMIT || !secrets.every(isSecret)) {
      throw invalidPolicy(
        `with.equals is a text of at least ${SECRET_LENGTH_MIN} characters, or a list of 1 to ${SECRET_LIMIT} such texts`,
      );
    }
    if (!Number.isInteger(machines) || machines < 1 || machines > MACHINES_LIMIT) {
      throw invalidPolicy(
        `with.machines says how many machines of one path share the secret: a whole number from 1 to ${MACHINES_LIMIT}`,
      );
    }
    return new HeaderDemand(header, this.#slotOf(header), machines, secrets);
  }

  #slotOf(header: string): number {
    const known = this.#slots.indexOf(header);
    if (known >= 0) return known;
    if (this.#slots.length === SLOT_LIMIT) {
      throw invalidPolicy(`"${header}" is one header too many: the rules of a policy demand at most ${SLOT_LIMIT}`);
    }
    return this.#slots.push(header) - 1;
  }
}

function isSecret(text: unknown): boolean {
  return typeof text === "string" && text.length >= SECRET_LENGTH_MIN;
}

class HeaderDemand implements CompiledDemand {
  readonly header: string;
  readonly machines: number;
  readonly #slot: number;
  readonly #isFirstLine: boolean;
  readonly #secrets: readonly string[];

  constructor(header: string, slot: number, machines: number, secrets: readonly string[]) {
    this.header = header;
    this.machines = machines;
    this.#slot = slot;
    this.#isFirstLine = isFirstLineHeader(header);
    this.#secrets = [...secrets];
  }

  /** The time that it takes does not depend on where a secret differs, nor on which one is right. */
  doubt(evidence: DemandEvidence): Distrust | undefined {
    const { headers, proven } = evidence;
    if (headers === undefined) return "demand-unmet";
    if (evidence.isCut) return "headers-cut";
    if ((proven[this.#slot] as number) >= this.machines) return "demand-unmet";
    const { header } = this;
    const given = fieldText(header, this.#isFirstLine, headers, evidence.rawHeaders);
    if (given === undefined) return "demand-unmet";
    let equal = 0;
    for (const secret of this.#secrets) equal |= equalInConstantTime(given, secret);
    if (equal === 0) return "demand-unmet";
    proven[this.#slot]!++;
    return undefined;
  }
}

function compileCertificate(demand: Extract<Demand, { certificate: unknown }>): CompiledDemand {
  refuseDemandKeys(demand, ["certificate"]);
  const { certificate } = demand;
  if (certificate === "authorized") return new CertificateDemand(undefined);
  if (typeof certificate === "object" && certificate !== null) refuseDemandKeys(certificate, ["fingerprint256"]);
  const digits = String(certificate?.fingerprint256).replaceAll(":", "").toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits)) {
    throw invalidPolicy(`with.certificate is "authorized" or { fingerprint256: 64 hexadecimal digits }`);
  }
  return new CertificateDemand(digits.replace(/..(?=.)/g, "$&:"));
}

/** A certificate speaks for the physical peer alone. */
class CertificateDemand implements CompiledDemand {
  readonly header: undefined = undefined;
  readonly machines: number = 1;
  /** In node:tls's spelling. */
  readonly #fingerprint: string | undefined;

  constructor(fingerprint: string | undefined) {
    this.#fingerprint = fingerprint;
  }

  doubt(_evidence: DemandEvidence, connection: Connection, isPeer: boolean): Distrust | undefined {
    const shown = isPeer ? connection.certificate : undefined;
    const isShown =
      shown !== undefined &&
      shown.authorized &&
      (this.#fingerprint === undefined || this.#fingerprint === shown.fingerprint256);
    return isShown ? undefined : "demand-unmet";
  }
}

/** 1 or 0. Reveals the length of `given`, which its sender knows, and nothing else. */
function equalInConstantTime(given: string, expected: string): number {
  let difference = given.length ^ expected.length;
  for (let at = 0; at < given.length; at++) {
    difference |= given.charCodeAt(at) ^ expected.charCodeAt(at % expected.length);
  }
  return difference === 0 ? 1 : 0;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const KEYS = ["header", "equals", "machines", "certificate", "fingerprint256"];

/** A misspelt demand would be one that is not made. A key that is like none of a demand's may be the secret, where the two were confused. */
function refuseDemandKeys(options: object, known: readonly string[]): void {
  const fault = explainUnknownKey(options, known);
  if (fault === undefined) return;
  const isTold = Object.keys(options).every((key) => nearestSpelling(key, KEYS) !== undefined);
  throw invalidPolicy(isTold ? fault : `with has an option that is none of "${known.join('", "')}"`);
}
