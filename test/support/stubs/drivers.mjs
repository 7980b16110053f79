import { driverModules as real } from '../../../packages/drivers/dist/index.js';

export * from '../../../packages/drivers/dist/index.js';
export const driverModules = real.map((module) => ({
  ...module,
  create: (...args) => {
    const driver = module.create(...args);
    const read = driver.read.bind(driver);
    driver.read = async (plan, options) => {
      const batch = await read(plan, options);
      batch.num.fill(0);
      return batch;
    };
    return driver;
  },
}));
