/** Runs something in the context of an object. */
export type RunFor = <Result>(self: object, work: () => Result) => Result;

type Method = (this: object, ...values: readonly unknown[]) => unknown;

/**
 * From now on methods of the class with this prototype are called by `run`: those of `emitting` whole, those of `calling` for a callback that is their last argument. To replace
 * methods of each object instead would cost a request of node:http some 4 microseconds. The answer puts back what was there, unless another program has replaced it since; `run`
 * then goes on being called.
 */
export function bindClass(
  prototype: object,
  { emitting, calling }: { readonly emitting: readonly string[]; readonly calling: readonly string[] },
  run: RunFor,
): () => void {
  const undos = [
    ...emitting.map((name) =>
      replace(prototype, name, (method) => {
        return function (...values) {
          return run(this, () => Reflect.apply(method, this, values));
        };
      }),
    ),
    ...calling.map((name) =>
      replace(prototype, name, (method) => {
        return function (...values) {
          const last = values.at(-1);
          if (typeof last !== "function") return Reflect.apply(method, this, values);
          const told = (...results: readonly unknown[]): unknown =>
            run(this, () => Reflect.apply(last, undefined, results));
          return Reflect.apply(method, this, [...values.slice(0, -1), told]);
        };
      }),
    ),
  ];
  return () => {
    for (const undo of undos) undo();
  };
}

function replace(prototype: object, name: string, around: (method: Method) => Method): () => void {
  const methods = prototype as Record<string, unknown>;
  const before = Object.getOwnPropertyDescriptor(prototype, name);
  const method = methods[name];
  if (typeof method !== "function") return () => {};
  const value = around(method as Method);
  Object.defineProperty(prototype, name, { configurable: true, enumerable: false, writable: true, value });
  return () => {
    if (Object.getOwnPropertyDescriptor(prototype, name)?.value !== value) return;
    if (before === undefined) Reflect.deleteProperty(prototype, name);
    else Object.defineProperty(prototype, name, before);
  };
}
