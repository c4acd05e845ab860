import {
  type Carrier,
  type CarrierOption,
  CONNECTION_METHOD_BITS,
  HEADER_NAME,
  type HeaderCarrier,
  type HeaderForm,
  isConnectionMethod,
  isList,
  KNOWN_HEADERS,
  methodOf,
  type Says,
} from "./carrier.ts";
import { WherefromError } from "./errors.ts";
import { explainUnknownKey } from "./option-keys.ts";
import { nearestSpelling } from "./suggestion.ts";

/** Most headers that one policy may read. Each has a bit of state in the walk. */
const SLOT_LIMIT = 30;
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
      refuseUnknownKeys(says, ["all"]);
      return this.#compileAgreement(says.all);
    }
    let connection = 0;
    let carrier: Carrier | undefined;
    const options = Array.isArray(says) ? (says as readonly CarrierOption[]) : [says as CarrierOption];
    if (options.length === 0) throw invalid(`a rule says at least one carrier, or "nothing"; it says []`);
    for (const option of options) {
      if (typeof option === "string" && isConnectionMethod(option)) {
        if (carrier !== undefined) {
          throw invalid(`"${option}" belongs to the connection and stands before "${carrier.header}"`);
        }
        connection |= CONNECTION_METHOD_BITS[option];
        continue;
      }
      if (option === "nothing") throw invalid(`"nothing" stands alone`);
      if (carrier !== undefined) {
        throw invalid(
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
      throw invalid(
        `${JSON.stringify(header)} is no lower-case header name${typeof header === "string" && header !== header.toLowerCase() ? `; did you mean "${header.toLowerCase()}"?` : ""}`,
      );
    }
    const described: HeaderCarrier = typeof option === "string" ? { header } : option;
    refuseUnknownKeys(described, ["header", "form", "skip"]);
    const known = Object.hasOwn(KNOWN_HEADERS, header) ? KNOWN_HEADERS[header] : undefined;
    if (typeof option === "string" && known === undefined) {
      const names = [...Object.keys(KNOWN_HEADERS), ...Object.keys(CONNECTION_METHOD_BITS), "nothing"];
      const near = nearestSpelling(header, names);
      throw invalid(
        `"${header}" is no carrier that is known by name; ${near === undefined ? "" : `did you mean "${near}"? `}a header of your own is written { header: "${header}" }`,
      );
    }
    const form = described.form ?? known ?? "address";
    if (!FORMS.includes(form)) throw invalid(`${JSON.stringify(form)} is no form; "${FORMS.join('", "')}" are`);
    if ((form === "forwarded") !== (header === "forwarded")) {
      throw invalid(`"forwarded" is the form of the header "forwarded", and of no other`);
    }
    const skip = described.skip ?? 0;
    if (!Number.isInteger(skip) || skip < 0 || skip > SKIP_LIMIT) {
      throw invalid(`skip is a whole number from 0 to ${SKIP_LIMIT}, not ${JSON.stringify(skip)}`);
    }
    if (skip > 0 && !isList(form)) throw invalid(`"${header}" has one value, so there is nothing to skip`);
    const method = methodOf(form);
    return { slot: this.#slotOf(header, form), method, header, form, skip };
  }

  #compileAgreement(options: readonly CarrierOption[]): CompiledSays {
    const [carrier, ...agreeing] = options.map((option) => this.compileCarrier(option));
    if (carrier === undefined || agreeing.length === 0) throw invalid("{ all } names at least two headers");
    if (new Set(options.map(headerOf)).size !== options.length) throw invalid("{ all } names a header twice");
    return { connection: 0, carrier, agreeing };
  }

  #slotOf(header: string, form: HeaderForm): number {
    const known = this.#slots.get(header);
    if (known === undefined) {
      const slot = this.#slots.size;
      if (slot === SLOT_LIMIT)
        throw invalid(`"${header}" is one header too many: a policy reads at most ${SLOT_LIMIT}`);
      this.#slots.set(header, { slot, form });
      return slot;
    }
    if (known.form !== form) throw invalid(`"${header}" cannot be both "${known.form}" and "${form}"`);
    return known.slot;
  }
}

const FORMS: readonly HeaderForm[] = ["address", "address:port", "list", "forwarded"];

function isAgreement(says: Says): says is { readonly all: readonly CarrierOption[] } {
  return typeof says === "object" && says !== null && "all" in says && Array.isArray(says.all);
}

function headerOf(option: CarrierOption): string {
  return typeof option === "string" ? option : option?.header;
}

function refuseUnknownKeys(options: object, known: readonly string[]): void {
  const fault = explainUnknownKey(options, known);
  if (fault !== undefined) throw invalid(fault);
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_CARRIER", detail);
}
