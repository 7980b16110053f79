/** node:test reporter: one JSON line per finished test, which `test-run.mjs` reads. Suites are not tests and are left out unless they fail by themselves. */
export default async function* reporter(events) {
  const open = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      open.length = data.nesting;
      open.push(data.name);
    } else if (type === 'test:pass' || type === 'test:fail') {
      const suite = data.details.type === 'suite';
      const error = type === 'test:fail' ? data.details.error : undefined;
      const onlyInside = error?.failureType === 'subtestsFailed';
      if (suite && (error === undefined || onlyInside)) continue;
      yield `${JSON.stringify({
        name: [...open.slice(0, data.nesting), data.name].join(' › '),
        ok: type === 'test:pass',
        ms: data.details.duration_ms,
        ...(data.skip === undefined || data.skip === false ? {} : { skip: data.skip }),
        ...(data.todo === undefined || data.todo === false ? {} : { todo: data.todo }),
        ...(error === undefined ? {} : { error: onlyInside ? 'a test inside it fails' : describe(error) }),
      })}\n`;
    }
  }
}

function describe(error) {
  const cause = error.cause ?? error;
  if (!(cause instanceof Error)) return String(cause?.stack ?? cause?.message ?? cause);
  const stack = cause.stack ?? '';
  return stack.includes(cause.message) ? stack : `${cause.message}\n${stack}`;
}
