import { separation } from '#science/sky/vectors.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import { suggestCatalogue } from '#observatory/tasks/reference-catalogues.ts'
import { suggestTemplate } from '#observatory/tasks/template-sources.ts'
import { readTargets, resolveTargets } from '#observatory/tasks/targets.ts'
import type { Step } from './context.ts'
import { inspectPixels } from './inspect-work.ts'
import { runSpeaking } from './voice.ts'

/** Makes of the file what the other steps work on, and finds out what its header says and does not say. */
export const inspect: Step<'inspect'> = {
  name: 'inspect',
  title: 'Inspect: repair, facts, mask',
  async run(context) {
    const { folder, config, preparations, hands } = context
    const found = await runSpeaking(context, inspectPixels, { folder, config, preparations, hands })
    const targets = await resolveTargets(readTargets(config.target), context.sky, context)
    const { field } = found
    for (const target of targets) {
      if (target.ra === null || target.dec === null) {
        context.log(`Target ${target.name}.`)
        continue
      }
      const by = target.resolver === null ? '' : `, by ${target.resolver}`
      const away = field ? separation(field.ra, field.dec, target.ra, target.dec) : null
      context.log(
        `Target ${target.name}: ${target.ra.toFixed(5)} ${target.dec.toFixed(5)}${by}${away === null ? '' : `, ${away.toFixed(3)}° from the middle of the frame`}.`,
      )
      if (field && away !== null && away > 2 * field.radiusDeg)
        context.warn(
          `${target.name} lies ${away.toFixed(2)}° away, more than twice the frame's radius: is it the right frame?`,
        )
    }
    const place = field ?? targets.find((target) => target.dec !== null)
    const [ra, dec] = [place?.ra ?? 0, place?.dec ?? 0]
    const filter = filterNamed(found.filter.value).name
    const catName = config.cat_name ?? suggestCatalogue(filter, dec)
    const template = config.template ?? suggestTemplate(ra, dec, filter)
    context.log(
      `Catalogue ${catName}${config.cat_name === null ? ' (suggested)' : ''}, template ${template}${config.template === null ? ' (suggested)' : ''}.`,
    )
    return { ...found, targets, catName, template }
  },
}
