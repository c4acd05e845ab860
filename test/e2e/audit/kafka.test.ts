import { readFileSync } from "node:fs";
import { join } from "node:path";
import { auditTo, kafka } from "@wherefrom/audit";
import kafkajs from "kafkajs";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon } from "../daemon.ts";
import { describeSuite } from "../requirement.ts";
import { expectVisit, VISIT_LINES } from "./expectation.ts";
import { startServices } from "./services.ts";

/** librdkafka's own broker for tests inside a kcat that consumes the topic; it prints where it listens among its messages. */
const CONSUMER =
  "exec kcat -C -u -q -t audit -o beginning -b unused -X test.mock.num.brokers=1 -X topic.metadata.refresh.interval.ms=200 -d mock 2> broker.log";

describeSuite("audit", () => {
  test("Kafka by kafkajs: every event is a message that a consumer reads", async () => {
    const consumer = await startDaemon({
      name: "kcat",
      prepare: (directory) => ["sh", "-c", `cd ${directory} && ${CONSUMER}`],
      listens: [],
    });
    onTestFinished(consumer.stop);
    const broker = (): string =>
      /bootstrap\.servers=(127\.0\.0\.1:\d+)/.exec(readFileSync(join(consumer.directory, "broker.log"), "utf8"))?.[1] ??
      "";
    await expect.poll(broker).not.toBe("");
    const client = new kafkajs.Kafka({ brokers: [broker()], logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    const sink = kafka(producer, { topic: "audit" });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    const lines = (): readonly string[] => consumer.output().trimEnd().split("\n");
    await expect.poll(lines).toHaveLength(VISIT_LINES);
    expectVisit(lines());
  });
});
