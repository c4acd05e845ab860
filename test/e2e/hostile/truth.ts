import { EVERYWHERE } from "./addresses.ts";
import type { Arrival } from "./travel.ts";
import type { Plan, Visit } from "./plan.ts";
import { isLayer4, type Machine, saidHeaders, type Site } from "./site.ts";

/** What is true of a visit, known because the machines and the client were made up. */
export interface Truth {
  /** The only address that may be answered as client; undefined where none may. */
  readonly client: string | undefined;
  /** Whether an honest answer is possible, so that none would be a loss. */
  readonly isKnowable: boolean;
  /** Machines, the peer first, whose word counts. */
  readonly believed: readonly Machine[];
  /** Whether lines of a header that must be read may be missing. */
  readonly isCut: boolean;
}

/** Longest way of which the service reads everything: its limits are on characters, too. */
const READABLE = 7;

/** Follows the way of the visit from the service outwards, as far as the policy lets it. */
export function truthOf({ site, oddity }: Plan, { path, client, way }: Visit, arrival: Arrival): Truth {
  if ((oddity === "no-peer" && site.transport !== "unix") || oddity === "unverified")
    return { client: undefined, isKnowable: false, believed: [], isCut: false };
  let secrets = path.some(({ showsSecret }) => showsSecret === true) ? (site.secret?.machines ?? 0) : 0;
  const isCut = arrival.isCut && oddity !== "not-asked";
  // Where every address may be an edge's, each is asked for the secret.
  if (isCut && site.machines.some(({ prefixes }) => prefixes === EVERYWHERE)) {
    return { client: undefined, isKnowable: false, believed: [], isCut };
  }
  let isKnowable = oddity !== "not-asked";
  for (const [index, machine] of path.entries()) {
    const believed = path.slice(0, index);
    const isRequest = !isLayer4(machine);
    if (machine.prefixes.length === 0) return endAt(site, machine.address, isKnowable, believed);
    const demandsSecret = site.secret !== undefined && machine.prefixes.length > 1;
    if (site.certificate !== undefined && machine.prefixes.length > 1 && !(index === 0 && machine.showsCertificate)) {
      return endAt(site, machine.address, isKnowable, believed);
    }
    // Whatever has to be looked for in a header that was cut proves nothing.
    if (isCut && (demandsSecret || (isRequest && machine.speech.kind !== "silent"))) {
      return { client: undefined, isKnowable: false, believed: believed.filter(isLayer4), isCut };
    }
    // An edge that loses the secret on its way is one like any other customer's.
    if (demandsSecret && (secrets-- <= 0 || arrival.lost.has(site.secret?.header ?? ""))) {
      return endAt(site, machine.address, isKnowable, believed);
    }
    if (machine.speech.kind === "silent") return endAt(site, machine.address, false, believed);
    if (machine.speech.kind === "proxy" && machine.speech.says !== "client") {
      return { client: undefined, isKnowable: false, believed, isCut: false };
    }
    isKnowable &&= arrives(machine, index, path, arrival);
  }
  return endAt(site, client.address, isKnowable && (way !== "own-request" || endsList(site, path)), path);
}

function endAt(site: Site, address: string, isKnowable: boolean, believed: readonly Machine[]): Truth {
  const isLost = site.infrastructure.length > 0 && /^(?:10\.99|127\.99)\.|^fd00:99:/.test(address);
  return {
    client: isLost ? undefined : address,
    isKnowable: isKnowable && !isLost && believed.length <= READABLE,
    believed,
    isCut: false,
  };
}

/** Whether the machine that asks for itself is the first of a list which all behind it append to: the list, read to its end, names it. */
function endsList({ machines, form, silent }: Site, path: readonly Machine[]): boolean {
  // Under the policy that believes nobody the site has no machines.
  const speech = machines[path.length]?.speech;
  const isFirst = speech?.kind === "list" && speech.skip === 0 && form !== "hops" && silent === undefined;
  const lists = path.map((machine) => machine.speech);
  return isFirst && lists.length > 0 && lists.every((each) => each.kind === "list" && each.header === speech.header);
}

/** Whether what the machine says gets to the service: its line is not lost, nor written over by a nearer machine. */
function arrives(machine: Machine, index: number, path: readonly Machine[], arrival: Arrival): boolean {
  if (isLayer4(machine)) return machine.speech.kind !== "toa" || index === 0;
  const said = saidHeaders(machine);
  if (said.some((name) => arrival.lost.has(name))) return false;
  if (machine.speech.kind === "forwarded" && machine.speech.isHidden) return false;
  if (machine.speech.kind === "list" && machine.speech.isHidden) return false;
  if (
    machine.speech.kind === "single" &&
    machine.speech.writes === "own-line" &&
    arrival.lines.filter(([name]) => said.includes(name.toLowerCase())).length > 1
  )
    return false;
  const nearer = path.slice(0, index);
  return !nearer.some(({ speech }) => speech.kind === "single" && said.includes(speech.header));
}
