//! A GIF of frames that differ little: few colours, and of each frame only what has changed.

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};

/// The colours between two that meet at a smooth edge.
const STEPS: u16 = 10;

/// The most colours of a GIF, without the one that stands for *as before*.
const MOST: usize = 255;

/// The index of *as before*.
const UNCHANGED: u8 = 255;

/// Bits of a channel by which colours are looked up.
const BITS: u32 = 5;

/// A colour: red, green, blue.
pub(super) type Rgb = [u8; 3];

/// The colours of a film: given ones, and those between each of them and the grounds.
struct Palette {
    colours: Vec<Rgb>,
    /// The nearest colour of each that was looked for.
    known: Vec<Option<u8>>,
}

impl Palette {
    fn of(grounds: &[Rgb], inks: &[Rgb]) -> Self {
        let mut colours: Vec<Rgb> = Vec::new();
        let mut add = |colour: Rgb| {
            if colours.len() < MOST && !colours.contains(&colour) {
                colours.push(colour);
            }
        };
        grounds.iter().chain(inks).for_each(|colour| add(*colour));
        for ground in grounds {
            for ink in inks {
                (1..STEPS).for_each(|step| add(mixed(*ground, *ink, step)));
            }
        }
        Self { colours, known: vec![None; 1 << (3 * BITS)] }
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are 255 colours at most")]
    fn nearest(&mut self, [r, g, b]: Rgb) -> u8 {
        let cut = |channel: u8| usize::from(channel >> (8 - BITS));
        let place = cut(r) << (2 * BITS) | cut(g) << BITS | cut(b);
        let colours = &self.colours;
        let Some(known) = self.known.get_mut(place) else { return 0 };
        *known.get_or_insert_with(|| {
            let far = |colour: &Rgb| -> u32 {
                let apart = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
                apart(colour[0], r) + apart(colour[1], g) + apart(colour[2], b)
            };
            (0..)
                .zip(colours)
                .min_by_key(|(_, colour)| far(colour))
                .map_or(0, |(place, _): (usize, _)| place as u8)
        })
    }

    /// The colours one after the other, as many as there may be.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.colours.iter().flatten().copied().collect();
        bytes.resize(3 * (MOST + 1), 0);
        bytes
    }
}

#[expect(clippy::cast_possible_truncation, reason = "between two bytes")]
fn mixed(one: Rgb, other: Rgb, step: u16) -> Rgb {
    std::array::from_fn(|at| {
        let [one, other] = [one, other].map(|colour| u16::from(colour[at]));
        ((one * (STEPS - step) + other * step) / STEPS) as u8
    })
}

/// A frame that is not written yet: the next one may be the same.
struct Pending {
    frame: Frame<'static>,
}

/// A GIF that is being made.
pub(super) struct Gif {
    encoder: Encoder<Vec<u8>>,
    size: (u16, u16),
    palette: Palette,
    shown: Vec<u8>,
    pending: Option<Pending>,
}

impl Gif {
    /// A film of this size that is repeated for ever, in these colours.
    ///
    /// # Errors
    /// When the encoder refuses the size or the colours.
    pub(super) fn new(size: (u16, u16), grounds: &[Rgb], inks: &[Rgb]) -> Result<Self, EncodingError> {
        let palette = Palette::of(grounds, inks);
        let mut encoder = Encoder::new(Vec::new(), size.0, size.1, &palette.bytes())?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self { encoder, size, palette, shown: Vec::new(), pending: None })
    }

    /// Adds a frame: its pixels as red, green, blue and opacity, and the hundredths of a second for which it
    /// is shown.
    ///
    /// # Errors
    /// When the encoder refuses it.
    pub(super) fn add(&mut self, pixels: &[u8], delay: u16) -> Result<(), EncodingError> {
        let (pixels, _) = pixels.as_chunks::<4>();
        let now: Vec<u8> = pixels.iter().map(|[r, g, b, _]| self.palette.nearest([*r, *g, *b])).collect();
        match self.changed(&now) {
            Some((left, top, width, height)) => {
                let buffer = self.cut_out(&now, (left, top, width, height));
                let transparent = (!self.shown.is_empty()).then_some(UNCHANGED);
                let frame = Frame {
                    delay,
                    dispose: DisposalMethod::Keep,
                    transparent,
                    left,
                    top,
                    width,
                    height,
                    buffer: buffer.into(),
                    ..Frame::default()
                };
                self.write()?;
                self.pending = Some(Pending { frame });
                self.shown = now;
            }
            None => self.hold(delay),
        }
        Ok(())
    }

    /// Shows the last frame longer.
    pub(super) fn hold(&mut self, delay: u16) {
        if let Some(Pending { frame }) = &mut self.pending {
            frame.delay = frame.delay.saturating_add(delay);
        }
    }

    /// The file.
    ///
    /// # Errors
    /// When the encoder refuses the last frame.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, EncodingError> {
        self.write()?;
        self.encoder.into_inner()
    }

    fn write(&mut self) -> Result<(), EncodingError> {
        match self.pending.take() {
            Some(Pending { frame }) => self.encoder.write_frame(&frame),
            None => Ok(()),
        }
    }

    /// The rectangle in which the frame differs from the one before: its left and upper edge, its width and
    /// height.
    #[expect(clippy::cast_possible_truncation, reason = "within the size of the film")]
    fn changed(&self, now: &[u8]) -> Option<(u16, u16, u16, u16)> {
        let (width, height) = self.size;
        if self.shown.is_empty() {
            return Some((0, 0, width, height));
        }
        let rows = now.chunks(width.into()).zip(self.shown.chunks(width.into()));
        let mut bounds: Option<(usize, usize, usize, usize)> = None;
        for (y, (now, before)) in rows.enumerate() {
            let differs = |x: &usize| now.get(*x) != before.get(*x);
            let all = || 0..now.len();
            if let (Some(first), Some(last)) = (all().find(differs), all().rev().find(differs)) {
                let (left, top, right, _) = bounds.unwrap_or((first, y, last, y));
                bounds = Some((left.min(first), top, right.max(last), y));
            }
        }
        bounds.map(|(left, top, right, bottom)| {
            (left as u16, top as u16, (right - left + 1) as u16, (bottom - top + 1) as u16)
        })
    }

    fn cut_out(&self, now: &[u8], (left, top, width, height): (u16, u16, u16, u16)) -> Vec<u8> {
        let mut cut = Vec::with_capacity(usize::from(width) * usize::from(height));
        for y in top..top + height {
            let from = usize::from(y) * usize::from(self.size.0) + usize::from(left);
            for at in from..from + usize::from(width) {
                let colour = now.get(at).copied().unwrap_or_default();
                cut.push(if self.shown.get(at) == Some(&colour) { UNCHANGED } else { colour });
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb = [255, 255, 255];
    const RED: Rgb = [200, 0, 0];
    const BLUE: Rgb = [0, 0, 200];

    fn picture(width: usize, height: usize, at: impl Fn(usize, usize) -> Rgb) -> Vec<u8> {
        (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| {
                let [r, g, b] = at(x, y);
                [r, g, b, 255]
            })
            .collect()
    }

    /// The pictures that a decoder shows, with their delays.
    fn played(bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes).expect("a GIF");
        let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
        let mut canvas = vec![0; width * height * 4];
        let mut all = Vec::new();
        while let Some(frame) = decoder.read_next_frame().expect("a frame") {
            for (at, pixel) in frame.buffer.chunks(4).enumerate() {
                let (x, y) = (at % usize::from(frame.width), at / usize::from(frame.width));
                let to = ((y + usize::from(frame.top)) * width + x + usize::from(frame.left)) * 4;
                if pixel[3] > 0 {
                    canvas[to..to + 4].copy_from_slice(pixel);
                }
            }
            all.push((frame.delay, canvas.clone()));
        }
        all
    }

    #[test]
    fn a_decoder_shows_the_frames_that_were_drawn_for_as_long() {
        let mut film = Gif::new((20, 10), &[WHITE], &[RED, BLUE]).expect("a film");
        let dot = |place: usize| picture(20, 10, move |x, y| if (x, y) == (place, 4) { RED } else { WHITE });
        for place in [2, 2, 2, 7, 19] {
            film.add(&dot(place), 5).expect("a frame");
        }
        film.hold(100);
        let played = played(&film.finish().expect("a file"));
        assert_eq!(played.iter().map(|(delay, _)| *delay).collect::<Vec<_>>(), [15, 5, 105]);
        assert_eq!(played.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>(), [dot(2), dot(7), dot(19)]);
    }

    #[test]
    fn smooth_edges_have_the_nearest_colour_and_a_frame_without_a_change_takes_no_room() {
        let mut film = Gif::new((16, 1), &[WHITE], &[BLUE]).expect("a film");
        let shade = |x: usize| mixed(WHITE, BLUE, u16::try_from(x).expect("small").min(STEPS));
        for _ in 0..500 {
            film.add(&picture(16, 1, |x, _| shade(x)), 5).expect("a frame");
        }
        let bytes = film.finish().expect("a file");
        let played = played(&bytes);
        assert_eq!(played.len(), 1);
        assert!(bytes.len() < 1_000, "{} bytes", bytes.len());
        for (x, pixel) in played[0].1.chunks(4).enumerate() {
            let far = pixel.iter().zip(shade(x)).map(|(one, other)| one.abs_diff(other)).max();
            assert!(far <= Some(8), "{x}: {pixel:?}");
        }
    }
}
