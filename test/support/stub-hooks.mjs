// Registered by stub-loader.mjs: whoever imports the named package gets the stub beside this file instead.
let stubbed;
export const initialize = ({ name }) => {
  stubbed = name;
};
export const resolve = (specifier, context, next) =>
  specifier === `@omh/${stubbed}`
    ? { url: new URL(`./stubs/${stubbed}.mjs`, import.meta.url).href, shortCircuit: true }
    : next(specifier, context);
