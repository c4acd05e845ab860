import {
  type Carrier,
  type CarrierOption,
  HEADER_FORMS,
  HEADER_NAME,
  type HeaderCarrier,
  type HeaderForm,
  type HeaderOption,
  isList,
  KNOWN_HEADERS,
  type KnownHeader,
  type Says,
} from "./carrier.ts";
import { CONNECTION_METHOD_BITS, CONNECTION_METHODS, isConnectionMethod } from "../evidence/method.ts";
import { invalidCarrier } from "../options/errors.ts";
import { isFirstLineHeader } from "../evidence/evidence.ts";
import { SLOT_LIMIT } from "../options/limits.ts";
import { refuseUnknownKeys } from "../options/keys.ts";
import { nearestSpelling } from "../options/spelling.ts";
import { valueText } from "../options/value-text.ts";

/** Most elements of its own that a machine may append. Real ones append one. */
const SKIP_LIMIT = 4;

/** `says` of one rule, compiled: connection methods first, then one header, or several that must agree. */
export interface CompiledSays {
  /** OR of `CONNECTION_METHOD_BITS`. */
  readonly connection: number;
  /** The header that is read; the first of `all`. */
  readonly carrier: Carrier | undefined;
  /** The others that must name the same address. */
  readonly agreeing: readonly Carrier[];
}

/** Numbers the headers of one policy, and compiles what its machines say. Throws `ERR_WHEREFROM_INVALID_CARRIER`. */
export class SaysCompiler {
  readonly #slots = new Map<string, { slot: number; form: HeaderForm }>();

  /** Names of the headers, by slot. */
  get headers(): readonly string[] {
    return [...this.#slots.keys()];
  }

  compile(says: Says): CompiledSays {
    if (says === "nothing") return { connection: 0, carrier: undefined, agreeing: [] };
    if (isAgreement(says)) {
      refuseUnknownKeys(says, ["all"], invalidCarrier);
      return this.#compileAgreement(says.all);
    }
    let connection = 0;
    let carrier: Carrier | undefined;
    const options = Array.isArray(says) ? (says as readonly CarrierOption[]) : [says as CarrierOption];
    if (options.length === 0) throw invalidCarrier(`a rule says at least one carrier, or "nothing"; it says []`);
    for (const option of options) {
      if (typeof option === "string" && isConnectionMethod(option)) {
        if (carrier !== undefined) {
          throw invalidCarrier(`"${option}" belongs to the connection and stands before "${carrier.header}"`);
        }
        connection |= CONNECTION_METHOD_BITS[option];
        continue;
      }
      if ((option as string) === "nothing") throw invalidCarrier(`"nothing" stands alone`);
      if (carrier !== undefined) {
        throw invalidCarrier(
          `a machine says one header, not "${carrier.header}" and "${headerOf(option)}"; if both must agree, write { all: [...] }`,
        );
      }
      carrier = this.compileCarrier(option);
    }
    return { connection, carrier, agreeing: [] };
  }

  /** One header; connection methods are refused. */
  compileCarrier(option: CarrierOption): Carrier {
    const header = headerOf(option);
    if (typeof header !== "string" || !HEADER_NAME.test(header)) {
      throw invalidCarrier(
        `${valueText(header)} is not a lower-case header name${typeof header === "string" && header !== header.toLowerCase() ? `; did you mean "${meantBy(header) ?? header.toLowerCase()}"?` : ""}`,
      );
    }
    const described: HeaderCarrier = typeof option === "string" ? { header } : option;
    refuseUnknownKeys(described, ["header", "form", "skip"], invalidCarrier);
    const known = Object.hasOwn(KNOWN_HEADERS, header) ? KNOWN_HEADERS[header as KnownHeader] : undefined;
    if (typeof option === "string" && known === undefined) {
      const meant = meantBy(header);
      if (meant !== undefined) throw invalidCarrier(`"${header}" is not a carrier: write "${meant}"`);
      const names = [...Object.keys(KNOWN_HEADERS), ...CONNECTION_METHODS, "nothing"];
      const near = nearestSpelling(header, names);
      throw invalidCarrier(
        `"${header}" is not a known carrier; ${near === undefined ? "" : `did you mean "${near}"? `}write a header of your own as { header: "${header}" }`,
      );
    }
    const form = described.form ?? known ?? "address";
    if (!FORMS.includes(form)) {
      throw invalidCarrier(`${valueText(form)} is not a form; "${FORMS.join('", "')}" are`);
    }
    if ((form === "forwarded") !== (header === "forwarded")) {
      throw invalidCarrier(`"forwarded" is the form of the header "forwarded", and of no other`);
    }
    const { skip = 0 } = described;
    if (!Number.isInteger(skip) || skip < 0 || skip > SKIP_LIMIT) {
      throw invalidCarrier(`skip is a whole number from 0 to ${SKIP_LIMIT}, not ${valueText(skip)}`);
    }
    if (skip > 0 && !isList(form)) throw invalidCarrier(`"${header}" has one value, so there is nothing to skip`);
    return {
      slot: this.#slotOf(header, form),
      ...HEADER_FORMS[form],
      header,
      form,
      isFirstLine: isFirstLineHeader(header),
      skip,
    };
  }

  #compileAgreement(options: readonly HeaderOption[]): CompiledSays {
    const [carrier, ...agreeing] = options.map((option) => this.compileCarrier(option));
    if (carrier === undefined || agreeing.length === 0) throw invalidCarrier("{ all } names at least two headers");
    if (new Set(options.map(headerOf)).size !== options.length) throw invalidCarrier("{ all } names a header twice");
    return { connection: 0, carrier, agreeing };
  }

  #slotOf(header: string, form: HeaderForm): number {
    const known = this.#slots.get(header);
    if (known === undefined) {
      const slot = this.#slots.size;
      if (slot === SLOT_LIMIT)
        throw invalidCarrier(`"${header}" is one header too many: a policy reads at most ${SLOT_LIMIT}`);
      this.#slots.set(header, { slot, form });
      return slot;
    }
    if (known.form !== form) throw invalidCarrier(`"${header}" cannot be both "${known.form}" and "${form}"`);
    return known.slot;
  }
}

/** What others call these carriers, in lower case. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["xff", "x-forwarded-for"],
  ["proxy", "proxy-protocol"],
  ["proxy_protocol", "proxy-protocol"],
  ["proxyprotocol", "proxy-protocol"],
  ["real-ip", "x-real-ip"],
]);

/** The carrier that other programs write so: `xff`, CGI's and WSGI's `HTTP_X_FORWARDED_FOR`, nginx' `$http_x_forwarded_for`. */
function meantBy(text: string): string | undefined {
  const lower = text.toLowerCase();
  const name = lower.replace(/^\$?http_/, "").replaceAll("_", "-");
  return OTHER_NAMES.get(lower) ?? (Object.hasOwn(KNOWN_HEADERS, name) ? name : undefined);
}

const FORMS: readonly string[] = Object.keys(HEADER_FORMS);

function isAgreement(says: Says): says is { readonly all: readonly HeaderOption[] } {
  return typeof says === "object" && says !== null && "all" in says && Array.isArray(says.all);
}

function headerOf(option: CarrierOption): string {
  return typeof option === "string" ? option : option?.header;
}
