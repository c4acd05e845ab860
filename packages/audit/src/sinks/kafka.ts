import { checkOptions, checkValue, having, required, type Shapes, text } from "@wherefrom/core/internal";
import type { Outlet } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** A producer of kafkajs, or any object that sends so. */
export interface KafkaProducer {
  send(record: { topic: string; messages: { value: string }[] }): Promise<unknown>;
}

/** The topic, and the options of every sink. */
export interface KafkaOptions extends SinkOptions {
  /** The topic that events are sent to. */
  readonly topic: string;
}

const PRODUCER = having("a producer of kafkajs", "send");
const SHAPES: Shapes<KafkaOptions> = { ...SINK_SHAPES, topic: required(text) };

/** Each event as a message of a topic. The producer is yours: connected, with the acks and the compression that you want, and disconnected by you after the sink. */
export function kafka(producer: KafkaProducer, options: KafkaOptions): Sink {
  checkValue("kafka: the producer", producer, PRODUCER);
  checkOptions<KafkaOptions>("kafka", options, SHAPES);
  const { topic, ...rest } = options;
  const outlet: Outlet = {
    deliver: async ({ lines }) => {
      await producer.send({ topic, messages: lines.map((value) => ({ value })) });
      return undefined;
    },
  };
  return new Sink(`the Kafka topic ${topic}`, () => outlet, rest);
}
