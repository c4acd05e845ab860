/** On globalThis: one for all copies of this package, of two versions or two formats in one process. A value whose shape changes gets another name. */
export function shared<Value extends object>(name: string, make: () => Value): Value {
  const key = Symbol.for(`wherefrom.${name}`);
  return ((globalThis as { [name: symbol]: unknown })[key] ??= make()) as Value;
}
