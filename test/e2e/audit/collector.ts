import { type Receiver, startReceiver } from "./receiver.ts";

/** A receiver of OTLP that can hang: it takes connections and requests, and answers nothing and keeps nothing. */
export interface Collector extends Pick<Receiver, "received"> {
  readonly url: string;
  readonly hang: () => void;
  /** Ends the connections that hang, and answers from now on. */
  readonly restart: () => void;
}

export async function startCollector(): Promise<Collector> {
  let isHanging = false;
  const { origin, received, closeConnections } = await startReceiver(() => (isHanging ? undefined : [200, "{}"]));
  return {
    url: `${origin}/v1/logs`,
    received,
    hang: () => (isHanging = true),
    restart: () => {
      isHanging = false;
      closeConnections();
    },
  };
}
