/** HiGHS, the mixed-integer solver, as the function that planning is handed. */
import highsModule from 'highs'
import type { Highs, HighsCallbackMap, Model, ModelData } from 'highs'
import type { Milp, MilpResult, MilpSolver } from '#science/planning/model.ts'

// The package's types describe its CommonJS build, where this is a namespace; its ES build exports the function.
const loadHighs = highsModule as unknown as typeof highsModule.default

/** Least time between two reports, ms: the callbacks come thousands of times a second. */
const reportEvery = 100

/** Branch and bound is ended rather than letting the tree take more, bytes. */
const mostMemory = 400e6

/** HiGHS's tolerances are absolute; the largest cost is brought to this, so that they mean the same for every model. */
const largestCost = 100

/** By how much a start may break a row or a bound. */
const tolerance = 1e-6

// A runtime lives as long as its thread and its memory never shrinks, so everybody in a thread shares one.
let runtime: Promise<Highs> | undefined

/**
 * Loads HiGHS, once per thread. The solver blocks its thread until it is done: call it in a compute task, whose abort
 * ends the thread. Bound and best solution come from the callbacks of branch and bound, so that a search that is
 * stopped, by time, by `onProgress` or for want of memory, still says how far it came. A model without whole numbers
 * is solved as the linear programme that it is. A start that breaks a constraint is left out.
 *
 * `gapTarget` is (bound − objective) / bound, as everywhere in planning.
 */
export async function createHighs(): Promise<MilpSolver> {
  runtime ??= loadHighs()
  const highs = await runtime
  return (milp, options) => solve(highs, milp, options)
}

function solve(highs: Highs, milp: Milp, options: Parameters<MilpSolver>[1]): MilpResult {
  const began = performance.now()
  const elapsed = (): number => (performance.now() - began) / 1000
  const start = options.start && isFeasible(milp, options.start) ? options.start : null
  let values: Float64Array | null = start && Float64Array.from(start)
  let objective = start ? valueOf(milp, start) : -Infinity
  let bound = trivialBound(milp)
  const end = (status: MilpResult['status']): MilpResult =>
    status === 'infeasible'
      ? { status, values: null, objective: -Infinity, bound: -Infinity }
      : { status, values, objective, bound: Math.max(bound, objective) }
  if (milp.columns === 0) {
    values = new Float64Array(0)
    objective = bound = 0
    return end(isFeasible(milp, values) ? 'optimal' : 'infeasible')
  }
  if (options.seconds <= 0) return end('time limit')

  const scale = largestCost / Math.max(largestOf(milp.cost), 1e-300)
  const { modelStatus, callbackType, solutionStatus } = highs.constants
  const memory = highs.memoryBytes
  let stopped = false
  let reported = -Infinity
  const better = (found: Float64Array): void => {
    const value = valueOf(milp, found)
    if (values && value <= objective) return
    values = found
    objective = value
  }
  const closer = (scaled: number | undefined): void => {
    if (scaled !== undefined && Number.isFinite(scaled)) bound = Math.min(bound, scaled / scale)
  }
  const hasEnded = (): boolean => {
    if (stopped || elapsed() > options.seconds) return true
    if (highs.memoryBytes > Math.max(mostMemory, memory)) return true
    if (performance.now() - reported < reportEvery) return false
    reported = performance.now()
    stopped = options.onProgress?.({ objective, bound, seconds: elapsed() }) === true
    return stopped
  }
  const callbacks: HighsCallbackMap = {
    [callbackType.simplexInterrupt](event) {
      if (hasEnded()) event.interrupt()
    },
    [callbackType.mipInterrupt](event) {
      closer(event.data.mip_dual_bound)
      if (hasEnded()) event.interrupt()
    },
    [callbackType.mipImprovingSolution](event) {
      closer(event.data.mip_dual_bound)
      if (event.data.mip_solution) better(event.data.mip_solution)
    },
  }

  let model: Model | undefined
  try {
    model = highs.createModel(modelData(highs, milp, scale))
    model.options.set({
      output_flag: false,
      time_limit: options.seconds,
      mip_rel_gap: options.gapTarget / (1 - options.gapTarget),
      mip_abs_gap: 1e-7,
      // Cuts help little here, and thousands of them kept take more memory than all the rest.
      mip_pool_soft_limit: 500,
    })
    if (start) model.setSolution({ colValue: start })
    model.run(callbacks)
    const status = model.getModelStatus()
    if (status === modelStatus.infeasible) return end('infeasible')
    if (model.info.get('primal_solution_status') === solutionStatus.feasible)
      better(model.getSolution().colValue)
    if (milp.integer.includes(1)) closer(Number(model.info.get('mip_dual_bound')))
    else if (status === modelStatus.optimal) {
      bound = objective
      return { ...end('optimal'), reducedCosts: model.getSolution().colDual.map((dual) => dual / scale) }
    }
    if (status === modelStatus.optimal) return end('optimal')
    return end(status === modelStatus.timeLimit || !stopped ? 'time limit' : 'stopped')
  } catch (error) {
    if (!isOfSolver(highs, error)) throw error
    // An end like any other, what was reached by then holds. A runtime that ran out of memory is not to be used again.
    if (error instanceof WebAssembly.RuntimeError) runtime = undefined
    return end('stopped')
  } finally {
    model?.dispose()
  }
}

/** Numerical trouble, or no memory left: the solver's own. Anything else is a mistake of ours or of a caller. */
function isOfSolver({ errors }: Highs, error: unknown): boolean {
  if (error instanceof errors.HighsError) return !(error instanceof errors.HighsValidationError)
  if (error instanceof WebAssembly.RuntimeError) return true
  // What it says where its memory cannot grow; other errors of these classes are mistakes.
  if (error instanceof RangeError) return /allocat/i.test(error.message)
  return error instanceof Error && error.message === 'Highs_create failed'
}

function modelData(highs: Highs, milp: Milp, scale: number): ModelData {
  const rows = milp.rowLower.length
  return {
    numCols: milp.columns,
    numRows: rows,
    sense: highs.constants.objectiveSense.maximize,
    colCost: milp.cost.map((cost) => cost * scale),
    colLower: milp.lower,
    colUpper: milp.upper,
    rowLower: milp.rowLower,
    rowUpper: milp.rowUpper,
    matrix: {
      format: 'csr',
      numRows: rows,
      numCols: milp.columns,
      starts: Int32Array.from(milp.rowStart),
      indices: Int32Array.from(milp.index),
      values: milp.value,
    },
    integrality: Int32Array.from(milp.integer),
  }
}

function valueOf(milp: Milp, values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < milp.columns; i++) sum += milp.cost[i] * values[i]
  return sum
}

/** What the objective cannot exceed whatever the rows say. */
function trivialBound(milp: Milp): number {
  let sum = 0
  for (let i = 0; i < milp.columns; i++) {
    const cost = milp.cost[i]
    if (cost !== 0) sum += cost * (cost > 0 ? milp.upper[i] : milp.lower[i])
  }
  return sum
}

function largestOf(values: Float64Array): number {
  let largest = 0
  for (const value of values) largest = Math.max(largest, Math.abs(value))
  return largest
}

function isFeasible(milp: Milp, values: Float64Array): boolean {
  if (values.length !== milp.columns) return false
  for (let i = 0; i < milp.columns; i++) {
    if (!(values[i] >= milp.lower[i] - tolerance && values[i] <= milp.upper[i] + tolerance)) return false
    if (milp.integer[i] && Math.abs(values[i] - Math.round(values[i])) > tolerance) return false
  }
  for (let row = 0; row < milp.rowLower.length; row++) {
    let sum = 0
    for (let k = milp.rowStart[row]; k < milp.rowStart[row + 1]; k++) {
      sum += milp.value[k] * values[milp.index[k]]
    }
    const slack = tolerance * Math.max(1, Math.abs(sum))
    if (sum < milp.rowLower[row] - slack || sum > milp.rowUpper[row] + slack) return false
  }
  return true
}
