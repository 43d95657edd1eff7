/** The member `name` of a response that has this one only; undefined for a response of any other shape. */
export function onlyMember(response: unknown, name: string): unknown {
  if (typeof response !== 'object' || response === null || Object.keys(response).length !== 1) return undefined;
  return Object.hasOwn(response, name) ? (response as Readonly<Record<string, unknown>>)[name] : undefined; // it has it
}
