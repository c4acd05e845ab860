import type { Attack, Contributor, Dimension, Traffic } from "./attack.ts";
import type { Denied } from "./deny.ts";

/** AWS Shield's names of what contributors have in common (AttackPropertyIdentifier). It has none for prefixes. */
const IDENTIFIERS: readonly (readonly [Dimension, string])[] = [
  ["address", "SOURCE_IP_ADDRESS"],
  ["asn", "SOURCE_ASN"],
  ["country", "SOURCE_COUNTRY"],
  ["agent", "SOURCE_USER_AGENT"],
  ["path", "DESTINATION_URL"],
];

/**
 * The shape of AttackDetail in AWS Shield's API (DescribeAttack), for what reads that. What it has no place for is under `Wherefrom`: how many were proven, the prefixes, the
 * rejected claims, the list to deny.
 */
export function attackDetail(attack: Attack, number: number, traffic: Traffic, unread: number): object {
  const { from, to, requests, top } = attack;
  const iso = (second: number): string => new Date(second * 1000).toISOString();
  const seconds = to - from;
  return {
    StartTime: iso(from),
    EndTime: iso(to),
    SubResources: top.path.map(({ name, requests: sum }) => ({
      Type: "URL",
      Id: name,
      Counters: [{ Name: "REQUESTS", Sum: sum, Average: sum / seconds, N: seconds, Unit: "REQUESTS" }],
    })),
    AttackCounters: [
      {
        Name: "REQUESTS_PER_SECOND",
        Max: attack.peakPerSecond,
        Average: requests / seconds,
        Sum: requests,
        N: seconds,
        Unit: "REQUESTS",
      },
    ],
    AttackProperties: IDENTIFIERS.map(([dimension, identifier]) => ({
      AttackLayer: "APPLICATION",
      AttackPropertyIdentifier: identifier,
      TopContributors: top[dimension].map(({ name, requests: value }) => ({ Name: name, Value: value })),
      Unit: "REQUESTS",
      Total: requests,
    })),
    Mitigations: [],
    Wherefrom: {
      IsSurge: attack.isSurge,
      Number: number,
      Surges: traffic.surges.length,
      BucketSeconds: traffic.bucketSeconds,
      UsualPerSecond: attack.usualPerSecond,
      PeakTime: iso(attack.peakSecond),
      Requests: { Total: requests, Proven: attack.provenRequests },
      Sources: { Total: attack.sources, Proven: attack.provenSources },
      Bytes: attack.bytes,
      ProvenContributors: Object.fromEntries(
        IDENTIFIERS.map(([dimension, identifier]) => [identifier, top[dimension].map(provenOf)]),
      ),
      Prefixes: {
        "IPv4/24": top["/24"].map(provenOf),
        "IPv6/48": top["/48"].map(provenOf),
        "IPv6/64": top["/64"].map(provenOf),
      },
      Rejected: attack.rejected.map(({ reason, count }) => ({ Reason: reason, Count: count })),
      Methods: top.method.map(provenOf),
      Statuses: top.status.map(provenOf),
      Deny: attack.deny.entries.map(deniedOf),
      LeftOut: attack.deny.leftOut.map(deniedOf),
      Effect: { AttackStopped: attack.deny.stopped, UsualClientsHit: attack.deny.hit },
      UnreadLines: unread,
    },
  };
}

function provenOf({ name, requests, proven, usual }: Contributor): object {
  return { Name: name, Value: requests, Proven: proven, Usual: usual };
}

function deniedOf({ prefix, requests, collateral }: Denied): object {
  return { Prefix: prefix, Value: requests, Collateral: collateral };
}
