import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import type { Policy, PolicySource } from "@wherefrom/core";
import { connectionOf, type RequestLike } from "@wherefrom/net";
import {
  keyOf,
  onlyPolicy,
  policyAskedOf,
  serverOf,
  socketOf,
  wrappedPolicy,
  wrappedServers,
} from "@wherefrom/net/internal";
import { Observer } from "../observer/observer.ts";
import { describeSelf } from "../observer/self-description.ts";
import { describeServer } from "../observer/server-description.ts";
import type { Answer, Refused } from "../protocol/answer.ts";
import { deriveKeys } from "../protocol/keys.ts";
import { seal } from "../protocol/sealed.ts";
import type { LocalStatus } from "../protocol/report.ts";
import { answerTo } from "./answer.ts";
import { Arming } from "./arming.ts";
import { LocalServer } from "./local-server.ts";
import { ProbeGuard } from "./probe-guard.ts";

/** Servers that the local socket tells of. */
const SERVERS_LIMIT = 32;

/** Of a server that may have none of its own: a middleware's. */
const policyOfServer = (server: Server): Policy | PolicySource | undefined =>
  wrappedPolicy(server) ?? policyAskedOf(server) ?? onlyPolicy();

/** What a doctor is made of. */
export interface ServiceOptions {
  readonly token: string;
  readonly socket?: string | undefined;
  readonly policy?: Policy | PolicySource | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A doctor with a token: it answers while it is armed. */
export class DoctorService {
  readonly arming: Arming;
  readonly #keys: ReturnType<typeof deriveKeys>;
  readonly #guard: ProbeGuard;
  readonly #observer: Observer;
  readonly #policy: Policy | PolicySource | undefined;
  readonly #now: () => number;
  readonly #numbers = new WeakMap<object, number>();
  readonly #local: LocalServer | undefined;
  #connections = 0;

  constructor({ token, socket, policy, now = Date.now }: ServiceOptions) {
    this.#keys = deriveKeys(token);
    this.#policy = policy;
    this.#now = now;
    this.#guard = new ProbeGuard(this.#keys, now);
    this.#observer = new Observer(now);
    this.arming = new Arming(this.#guard, this.#observer, now);
    const subject = {
      arm: (ms: number): void => (ms === 0 ? this.arming.end() : this.arming.begin(ms)),
      status: (): LocalStatus => this.status(),
    };
    this.#local = socket === undefined ? undefined : new LocalServer(socket, subject);
  }

  /** The sealed answer to a probe; undefined for any other request, and while the doctor is silent. */
  answer(request: IncomingMessage): string | undefined {
    if (!this.arming.isArmed) return undefined;
    const probe = this.#guard.verify(keyOf(request) as RequestLike);
    if (probe === undefined) return undefined;
    const { id, againMs } = probe;
    const reply = againMs > 0 ? ({ v: 1, id, refused: "rate", againMs } satisfies Refused) : this.#tell(request, id);
    return seal(this.#keys, id, JSON.stringify(reply));
  }

  /** What the local socket tells. */
  status(): LocalStatus {
    const servers = [...new Set([...wrappedServers(), ...this.#observer.servers])].slice(0, SERVERS_LIMIT);
    return {
      v: 1,
      self: describeSelf(this.#now(), this.arming, "local socket"),
      servers: servers.map((server) => describeServer(server, this.#policy ?? policyOfServer(server), Infinity)),
      reports: this.#observer.reports,
    };
  }

  close(): void {
    this.arming.end();
    this.#local?.close();
  }

  #tell(request: IncomingMessage, id: string): Answer {
    const socket = socketOf(request as RequestLike);
    const server = serverOf(socket) as Server | undefined;
    const connection = connectionOf(socket);
    const number = this.#numberOf(socket);
    const answer = answerTo(request, {
      id,
      connection: number,
      now: this.#now(),
      arming: this.arming,
      policy: this.#policy,
    });
    const claims = connection.claims.map(({ method, format, says, endpoint }) => ({
      method,
      format,
      says,
      ...(endpoint !== undefined && { endpoint }),
    }));
    this.#observer.keep(server, connection, { kind: "probe", id, connection: number, claims });
    return answer;
  }

  #numberOf(socket: object): number {
    const known = this.#numbers.get(socket);
    if (known !== undefined) return known;
    this.#numbers.set(socket, ++this.#connections);
    return this.#connections;
  }
}
