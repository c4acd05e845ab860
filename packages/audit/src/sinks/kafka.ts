import { type Outlet, Sink, type SinkOptions } from "./sink.ts";

/** A producer of kafkajs, or any object that sends so. */
export interface KafkaProducer {
  send(record: { topic: string; messages: { value: string }[] }): Promise<unknown>;
}

export interface KafkaOptions extends SinkOptions {
  readonly topic: string;
}

/** Each event as a message of a topic. The producer is yours: connected, with the acks and the compression that you want, and disconnected by you after the sink. */
export function kafka(producer: KafkaProducer, { topic, ...rest }: KafkaOptions): Sink {
  const outlet: Outlet = {
    deliver: async ({ lines }) => {
      await producer.send({ topic, messages: lines.map((value) => ({ value })) });
      return undefined;
    },
  };
  return new Sink(`the Kafka topic ${topic}`, () => outlet, rest);
}
