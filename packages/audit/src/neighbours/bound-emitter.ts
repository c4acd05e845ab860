import type { EventEmitter } from "node:events";

/** An event emitter, by the one method that all of them share. */
interface Emitting {
  emit: (this: unknown, ...values: readonly never[]) => boolean;
}

/** Runs something in a context of its own. */
export type RunIn = <Result>(work: () => Result) => Result;

/**
 * From now on the listeners of `emitter` are called by `run`, whatever was being done when the event came. Node emits many events of one request while another one is at work: an answer
 * that waits for the one before it is sent by that one.
 */
export function bindEmitter(emitter: EventEmitter, run: RunIn): void {
  replaceEmit(emitter, (_subject, emit) => run(emit));
}

/** `around` is given what each event is about, its first value, and calls the listeners. */
export function replaceEmit(emitter: EventEmitter, around: (subject: unknown, emit: () => boolean) => boolean): void {
  const emitting = emitter as Emitting;
  const { emit } = emitting;
  emitting.emit = function (...values) {
    return around(values[1], () => Reflect.apply(emit, this, values));
  };
}
