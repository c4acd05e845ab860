import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { createRequire } from "node:module";
import { tell } from "./tell.mjs";

process.env.OTEL_SEMCONV_STABILITY_OPT_IN = "http";
const spans = new WeakMap();
const instrumentation = new HttpInstrumentation({ requestHook: (span, request) => void spans.set(request, span) });
instrumentation.setTracerProvider(new NodeTracerProvider());
// It changes node:http where that is required.
const { createServer } = createRequire(import.meta.url)("node:http");
tell(
  createServer((request, response) => {
    const { attributes } = spans.get(request);
    response.end(attributes["client.address"] ?? attributes["http.client_ip"] ?? request.socket.remoteAddress);
  }),
);
