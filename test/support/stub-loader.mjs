import { register } from 'node:module';

register('./stub-hooks.mjs', import.meta.url, { data: { name: process.env.OMH_TEST_STUB } });
