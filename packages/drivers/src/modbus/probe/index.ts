export { DeviceVisit, visitDevice, type Reading, type VisitOptions, type Wanted } from './device-visit.ts';
export { deviceTemplate, type TemplateSource } from './device-template.ts';
export { hitRates, type HitRates } from './hit-rates.ts';
export { probe, registerAddress, type ProbeAnswer, type ProbedCandidate, type ProbeRequest } from './probe.ts';
export { rank, type Candidate, type Hint, type Observation, type Ranking } from './rank.ts';
export { numberTypes, type NumberType, type Registers } from './reading.ts';
export { survey, type Span, type Survey, type SurveyRequest } from './spans.ts';
