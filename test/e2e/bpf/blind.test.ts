import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { FLAGS, Peer, type Segment } from "../bed/peer.ts";
import { BALANCER, type Said, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { type AgentMachine, openAgentMachine, startPython, withOnly } from "./agent.ts";
import { BED } from "../bed/bed.ts";

const TRUE = "fe08c406cb007107";
const CLIENT = { address: "203.0.113.7", port: 50182 };
const FORGED = "fe08c40606060606";
/** What a stranger's segment may carry. */
const PAYLOAD = Buffer.from("forged\n").toString("hex");
const ISN = 4_294_967_290;

/** The client, or why there is none. */
const summaryOf = ({ client, stop, hops }: Said): unknown => client ?? hops.at(1)?.reason ?? stop;

interface Shot {
  readonly flags?: number;
  /** Beside the numbers that the peer would use next. */
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly payload?: string;
  readonly count?: number;
}

/** Segments of somebody who cannot see the connection: one number is right at most, or the flags are others. Each is in the window, or beside it. */
const SHOTS: Readonly<Record<string, Shot>> = {
  "a sequence number of one more": { sequence: 1 },
  "a sequence number in the window, and the right acknowledgement": { sequence: 20_000 },
  "a sequence number before, as a retransmission has": { sequence: -1 },
  "a sequence number before, with data that reaches the next": { sequence: -3, acknowledgement: 8, payload: PAYLOAD },
  "data behind a gap": { sequence: 500, payload: PAYLOAD },
  "an acknowledgement of one more, which was not sent yet": { acknowledgement: 1 },
  "an acknowledgement of one less": { acknowledgement: -1 },
  "an acknowledgement that is nobody's": { acknowledgement: 987_654_321 },
  "an acknowledgement that is nobody's, with data": { acknowledgement: 123_456_789, payload: PAYLOAD },
  "numbers that are nobody's, in the window": { sequence: 4096, acknowledgement: 1_000_000 },
  "the same, a hundred times": { sequence: 4096, acknowledgement: 1_000_000, count: 100 },
  "a reset in the window": { flags: FLAGS.rst, sequence: 7 },
  "a reset with an acknowledgement in the window": { flags: FLAGS.rst | FLAGS.ack, sequence: 7 },
  "a SYN in the window": { flags: FLAGS.syn, sequence: 7 },
  "a SYN-ACK with the right numbers": { flags: FLAGS.syn | FLAGS.ack },
  "no acknowledgement at all": { flags: 8 },
};

describeSuite("bpf", () => {
  const site = new ToaSite();
  let group: ControlGroup;
  let peer: Peer;
  let port = 41_000;
  beforeAll(async () => {
    group = makeControlGroup();
    peer = await Peer.start(site.bed.balancer);
  });
  afterAll(async () => {
    await peer?.stop();
    await group?.remove();
  });

  /** An established connection from the balancer, whose handshake had no option, and one segment more, with an option that nobody but a stranger sends. */
  async function shoot({ flags = FLAGS.ack, sequence = 0, acknowledgement = 0, ...more }: Shot) {
    const ours = await peer.begin(++port, ISN);
    peer.complete(port, ISN, ours);
    const next = { port, sequence: ISN + 1, acknowledgement: ours + 1 };
    const segment: Segment = {
      port,
      flags,
      sequence: next.sequence + sequence,
      acknowledgement: next.acknowledgement + acknowledgement,
      options: FORGED,
      ...more,
    };
    // The connection is accepted when the server has sent nothing more for it; segments of one sender come in their order.
    peer.send(segment);
    return { port, ours };
  }

  describe.each(["sock-ops", "tap", undefined] as const)("read by %s", (reader) => {
    const serve = () =>
      site.serve({
        host: "0.0.0.0",
        prefix: group.enter,
        toa: reader === undefined ? "dpvs" : { product: "dpvs", reader },
      });

    test("what a stranger who cannot see the connection sends is not the balancer's word", async () => {
      await serve();
      for (const [title, shot] of Object.entries(SHOTS)) {
        const { port: from, ours } = await shoot(shot);
        expect([title, summaryOf(await peer.ask(from, ISN, ours))]).toEqual([title, "carrier-absent"]);
      }
    });

    test("it does not keep the balancer's own option from being read either", async () => {
      await serve();
      for (const [title, shot] of Object.entries(SHOTS)) {
        const { port: from, ours } = await shoot(shot);
        expect([title, summaryOf(await peer.ask(from, ISN, ours, TRUE))]).toEqual([title, CLIENT]);
      }
    });

    test("the very next segment, with the right numbers, is: who sends that sees the connection", async () => {
      await serve();
      const { port: from, ours } = await shoot({});
      expect(summaryOf(await peer.ask(from, ISN, ours))).toEqual({ address: "6.6.6.6", port: 50182 });
    });
  });

  test("134,218 segments, one in every window that there is, name nobody", { timeout: 120_000 }, async () => {
    await site.serve({ host: "0.0.0.0", prefix: group.enter, toa: { product: "dpvs", reader: "sock-ops" } });
    const ours = await peer.begin(++port, ISN);
    peer.complete(port, ISN, ours);
    const step = 32_000;
    let other = 50_000;
    for (let sequence = 0; sequence < 2 ** 32; sequence += step) {
      peer.send({ port, flags: FLAGS.ack, sequence, acknowledgement: 0x5a5a5a5a, options: FORGED });
      // What is written is not waited for: when another port's handshake is answered, all before it has been sent.
      if (sequence % (step * 4000) === 0) await peer.begin(++other, ISN);
    }
    await peer.begin(++other, ISN);
    expect(summaryOf(await peer.ask(port, ISN, ours))).toBe("carrier-absent");
  });

  describe("in a kernel module's place", () => {
    let machine: AgentMachine;
    beforeAll(async () => {
      machine = await openAgentMachine(site.bed.server);
    });
    afterAll(() => machine?.close());

    test("a program that knows nothing of us is told the balancer after such a segment, and the client after the balancer's own", async () => {
      const options = ["--cgroup", group.path, "--no-filter", "--compat", "dpvs", "--trust", BALANCER.join()];
      await machine.start(withOnly("bpf", "net_admin", "perfmon"), ...options);
      await startPython(site.bed.server, group.enter, "unaware_server.py", "0.0.0.0", BED.port);
      for (const [title, shot] of Object.entries(SHOTS)) {
        for (const option of [undefined, TRUE]) {
          const { port: from, ours } = await shoot(shot);
          const { peer: told } = (await peer.ask(from, ISN, ours, option)) as unknown as { peer: readonly unknown[] };
          expect([title, told]).toEqual([
            title,
            option === undefined ? [BED.balancer[4], from] : [CLIENT.address, CLIENT.port],
          ]);
        }
      }
    });
  });
});
