import { auditTo, otlpLogs } from "@wherefrom/audit";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { VISIT_LINES } from "./expectation.ts";
import { expectLogRecords, type LogsRequest, recordsOf } from "./log-records.ts";
import { startReceiver } from "./receiver.ts";
import { startServices } from "./services.ts";

describeSuite("audit", () => {
  test("OTLP: every event is a log record with its EventName", async () => {
    const { origin, received } = await startReceiver();
    const headers = { authorization: "Bearer x" };
    const sink = otlpLogs({ url: `${origin}/v1/logs`, headers, resource: { "service.name": "shop" } });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    expectLogRecords(recordsOf(received));
    expect(received[0]).toMatchObject({
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer x" },
    });
    expect((JSON.parse(received[0]?.body ?? "") as LogsRequest).resourceLogs[0]).toMatchObject({
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
      scopeLogs: [{ scope: { name: "@wherefrom/audit" } }],
    });
  });

  test.each([
    ["503 is tried again", 503, { written: 1, lost: 0 }],
    ["400 is not, because it would be answered the same", 400, { written: 0, lost: 1 }],
  ])("OTLP: a request that is answered %s", async (_, status, expected) => {
    let isFirst = true;
    const { origin } = await startReceiver(() => {
      const answer = isFirst ? ([status, "no"] as const) : ([200, "{}"] as const);
      isFirst = false;
      return answer;
    });
    const sink = otlpLogs({ url: `${origin}/v1/logs`, retryMs: 20, onTrouble: () => {} });
    sink.write("{}");
    await expect.poll(() => sink.status).toMatchObject({ ...expected, waitingBytes: 0 });
    await sink.close();
  });

  test("OTLP: log records that a server took and refused are lost, and counted", async () => {
    const partial = { partialSuccess: { rejectedLogRecords: "1", errorMessage: "too old" } };
    const { origin } = await startReceiver(() => [200, JSON.stringify(partial)]);
    const sink = otlpLogs({ url: `${origin}/v1/logs`, onTrouble: () => {} });
    sink.write("{}");
    sink.write("{}");
    await sink.flush();
    expect(sink.status).toMatchObject({ written: 1, lost: 1, trouble: "lines were refused: too old" });
    await sink.close();
  });
});
