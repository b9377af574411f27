import { Problem } from '#problem.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import { templateBand, templateSourceNamed } from '#observatory/tasks/template-sources.ts'
import type { Asking } from './asking.ts'
import type { SkySettings } from './create.ts'
import { hipsPictures } from './hips.ts'
import { legacyBricks } from './legacy.ts'
import { panstarrsCells } from './panstarrs.ts'
import type { PictureRequest, TemplatePicture } from './sources.ts'

/**
 * Pictures of a survey that cover a cone, written into the folder. They share one scale of flux; where one has nothing the
 * next stands in.
 * @throws Problem `net.*`, `template.*`; `task.no_template` where the survey has nothing there, or answers with something else
 */
export async function surveyPictures(
  asking: Asking,
  settings: SkySettings,
  survey: string,
  request: PictureRequest,
): Promise<TemplatePicture[]> {
  const source = templateSourceNamed(survey)
  const band = templateBand(source, filterNamed(request.filter).name)
  if (!band.exact) request.log(`${source.title} has no ${request.filter}: its ${band.filter} stands in.`)
  const asked = { ...request, source, band }
  const files =
    source.access === 'skycells'
      ? await panstarrsCells(asking, settings.panstarrsUrl, asked)
      : source.access === 'bricks'
        ? await legacyBricks(asking, settings.legacyUrl, asked)
        : await hipsPictures(asking, settings.hipsUrls, asked)
  if (files.length === 0)
    throw new Problem(
      'task.no_template',
      `${source.title} has no picture of this field in ${band.filter}; choose another template, or bring one (custom_template.fits).`,
    )
  return files.map((each) => ({
    ...each,
    gain: source.gain,
    saturation: null,
    from: `${source.title} ${band.filter}`,
    filter: band.filter,
  }))
}
