//! Progressive frames (ITU T.81, annex G).
//!
//! Coefficients have to be kept from scan to scan, but only those that the scale needs. For the
//! others one bit per coefficient is kept, whether it is zero, because the syntax of a refinement
//! depends on it.

use super::bands::{Band, BandTable, Block, correct};
use super::bits::{Bits, Restarts};
use super::header::{Headers, Next, Scan, ScanComponent};
use super::huffman::{Codes, DcTable};
use super::planes::{Geometry, Painter};
use super::{Halt, MAX_SCANS};

/// A scan that has to be decoded.
struct Step<'a> {
    components: Vec<(usize, Option<Codes>)>,
    band: (u32, u32),
    refines: bool,
    low: u32,
    restart: u32,
    data: &'a [u8],
}

/// What is known of one component.
struct Component<'a> {
    geometry: &'a Geometry,
    sampling: (usize, usize),
    /// Blocks across, including those that only fill up the last MCU.
    stride: usize,
    /// Blocks across and down in a scan of this component alone (A.2.3).
    own: (usize, usize),
    prediction: i32,
    /// What is kept of each block.
    values: Vec<i16>,
    /// For each block which coefficients are not zero; empty if only the DC is needed.
    nonzero: Vec<u64>,
}

/// All scans of a frame.
pub(super) struct Progressive<'a> {
    steps: Vec<Step<'a>>,
    components: Vec<Component<'a>>,
    mcus: (usize, usize),
}

impl<'a> Progressive<'a> {
    /// Reads all headers, from the one of the first `scan` on, and finds the scans that matter.
    ///
    /// `None` if one of them is wrong, or one is missing for what came before.
    pub(super) fn new(
        headers: &mut Headers,
        scan: Scan<'a>,
        geometries: &'a [Geometry],
    ) -> Option<Self> {
        let steps = plan(all_steps(headers, scan)?, geometries)?;
        let frame = headers.frame.as_ref()?;
        // Each block takes a bit in the first scan of its DC at least.
        let bytes: usize = steps.iter().map(|step| step.data.len()).max()?;
        if frame.blocks() as u64 > bytes as u64 * 8 {
            return None;
        }
        let mut components = Vec::new();
        for (component, geometry) in frame.components.iter().zip(geometries) {
            let stride = frame.mcus().0 * component.sampling.0;
            let blocks = stride * frame.mcus().1 * component.sampling.1;
            let (across, down) = frame.sampling;
            components.push(Component {
                geometry,
                sampling: component.sampling,
                stride,
                own: (
                    (frame.width * component.sampling.0).div_ceil(across).div_ceil(8),
                    (frame.height * component.sampling.1).div_ceil(down).div_ceil(8),
                ),
                prediction: 0,
                values: zeroed(blocks * geometry.size())?,
                nonzero: zeroed(if geometry.last > 0 { blocks } else { 0 })?,
            });
        }
        Some(Self { steps, components, mcus: frame.mcus() })
    }

    /// Decodes all scans and paints; asks `check` before each row of MCUs or blocks.
    pub(super) fn decode<E>(
        mut self,
        painter: &mut Painter,
        check: &dyn Fn() -> Result<(), E>,
    ) -> Result<(), Halt<E>> {
        for step in &self.steps {
            let check = || check().map_err(Halt::Stopped);
            match (step.band.0, step.components.as_slice()) {
                (0, _) => dc_scan(&mut self.components, self.mcus, step, &check)?,
                (_, [(index, Some(codes))]) => {
                    let table = BandTable::new(codes, step.refines).ok_or(Halt::Declined)?;
                    self.components[*index].ac_scan(step, &table, &check)?;
                }
                _ => return Err(Halt::Declined),
            }
        }
        for row in 0..self.mcus.1 {
            check().map_err(Halt::Stopped)?;
            painter.paint(self.components.iter().map(|component| {
                let size = component.stride * component.sampling.1 * component.geometry.size();
                &component.values[row * size..][..size]
            }));
        }
        Ok(())
    }
}

fn zeroed<T: Clone + Default>(length: usize) -> Option<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).ok()?;
    values.resize(length, T::default());
    Some(values)
}

/// All scans up to the end of the image, if each is such as G.1.1.1 allows.
fn all_steps<'a>(headers: &mut Headers, mut scan: Scan<'a>) -> Option<Vec<Step<'a>>> {
    // Which components have their DC. The order of scans is free otherwise, as in libjpeg, which only warns of bands that
    // come twice or are refined out of turn.
    let mut known = vec![false; headers.frame.as_ref()?.components.len()];
    let mut steps = Vec::new();
    let quantisation = headers.quantisation;
    loop {
        if steps.len() == MAX_SCANS {
            return None;
        }
        let Scan { band: (first, last), approximation: (high, low), data, .. } = scan;
        let refines = high > 0;
        let dc = first == 0;
        let band_fits = if dc { last == 0 } else { scan.components.len() == 1 };
        if !band_fits || first > last || last > 63 || low > 13 || (refines && high != low + 1) {
            return None;
        }
        let mut components = Vec::new();
        for &ScanComponent { index, dc: dc_table, ac: ac_table } in &scan.components {
            known[index] |= dc;
            let table = if dc { &headers.dc[dc_table] } else { &headers.ac[ac_table] };
            components.push((index, table.clone()));
        }
        let restart = headers.restart;
        steps.push(Step { components, band: (first, last), refines, low, restart, data });
        match headers.next(after_segments(data)?)? {
            Next::Scan(next) => scan = next,
            Next::End => break,
        }
    }
    let complete = known.iter().all(|known| *known);
    // Each component keeps the table it starts with; nobody gives it another one on the way.
    (complete && headers.quantisation == quantisation).then_some(steps)
}

/// Goes over the entropy-coded segments of a scan to the marker after them.
fn after_segments(mut data: &[u8]) -> Option<&[u8]> {
    loop {
        (_, data) = super::bits::split_plain(data);
        match data {
            [0xff, 0x00 | 0xd0..=0xd7, rest @ ..] => data = rest,
            [0xff, 0xff, ..] => data = &data[1..],
            [0xff, ..] => return Some(data),
            _ => return None,
        }
    }
}

/// Leaves out the scans that nothing depends on: AC scans that bring no coefficient which is
/// needed, or whose being zero a needed refinement has to know.
fn plan<'a>(steps: Vec<Step<'a>>, geometries: &[Geometry]) -> Option<Vec<Step<'a>>> {
    let mut needed: Vec<u64> = geometries
        .iter()
        .map(|geometry| {
            let kept = |&index: &usize| usize::from(geometry.places[index]) < geometry.size();
            (0..64).filter(kept).fold(0, |mask, index| mask | 1 << index)
        })
        .collect();
    let mut planned = Vec::new();
    for step in steps.into_iter().rev() {
        let mask = u64::MAX << step.band.0 & u64::MAX >> (63 - step.band.1);
        if let [(index, _)] = step.components.as_slice()
            && step.band.0 > 0
        {
            let needed = &mut needed[*index];
            if *needed & mask == 0 {
                continue;
            }
            if step.refines {
                *needed |= mask;
            }
        }
        planned.push(step);
    }
    planned.reverse();
    Some(planned)
}

/// A scan of DC coefficients, of one component or of several, interleaved (G.1.2.1).
fn dc_scan<E>(
    components: &mut [Component<'_>],
    mcus: (usize, usize),
    step: &Step<'_>,
    check: &dyn Fn() -> Result<(), Halt<E>>,
) -> Result<(), Halt<E>> {
    let mut tables = Vec::new();
    for (index, codes) in &step.components {
        components[*index].prediction = 0;
        let table = match codes {
            _ if step.refines => None,
            None => return Err(Halt::Declined),
            Some(codes) => Some(DcTable::new(codes).ok_or(Halt::Declined)?),
        };
        tables.push((*index, table));
    }
    // A scan of one component is not interleaved.
    let alone = tables.len() == 1;
    let (across, down) = if alone { components[tables[0].0].own } else { mcus };
    let mut bits = Bits::new(step.data);
    let mut restarts = Restarts::new(step.restart);
    for y in 0..down {
        check()?;
        for x in 0..across {
            if restarts.before_mcu(&mut bits).ok_or(Halt::Declined)? {
                components.iter_mut().for_each(|component| component.prediction = 0);
            }
            for (index, table) in &tables {
                let component = &mut components[*index];
                let (h, v) = if alone { (1, 1) } else { component.sampling };
                for n in 0..h * v {
                    let block = (y * v + n / h) * component.stride + x * h + n % h;
                    let dc = component.dc(&mut bits, table.as_ref(), step.low, block);
                    dc.ok_or(Halt::Declined)?;
                }
            }
        }
        if bits.overrun() {
            return Err(Halt::Declined);
        }
    }
    bits.finish().map(|_| ()).ok_or(Halt::Declined)
}

impl Component<'_> {
    /// One DC coefficient, or one more bit of it if there is no table.
    #[inline(always)]
    fn dc(
        &mut self,
        bits: &mut Bits<'_>,
        table: Option<&DcTable>,
        low: u32,
        block: usize,
    ) -> Option<()> {
        let value = self.values.get_mut(block * self.geometry.size())?;
        bits.ensure(31);
        if let Some(table) = table {
            self.prediction = self.prediction.wrapping_add(table.difference(bits)?);
            *value = (self.prediction << low) as i16;
        } else {
            *value |= (bits.peek(1) << low) as i16;
            bits.consume(1);
        }
        Some(())
    }

    /// A scan of AC coefficients.
    fn ac_scan<E>(
        &mut self,
        step: &Step<'_>,
        table: &BandTable,
        check: &dyn Fn() -> Result<(), Halt<E>>,
    ) -> Result<(), Halt<E>> {
        let band = Band {
            first: step.band.0,
            last: step.band.1,
            low: step.low,
            kept: self.geometry.last,
            places: &self.geometry.places[..64],
        };
        let mut bits = Bits::new(step.data);
        let mut restarts = Restarts::new(step.restart);
        let mut run = 0;
        for y in 0..self.own.1 {
            check()?;
            let row = if step.refines {
                self.ac_row::<true>(&mut bits, &mut restarts, &mut run, &band, table, y)
            } else {
                self.ac_row::<false>(&mut bits, &mut restarts, &mut run, &band, table, y)
            };
            row.filter(|()| !bits.overrun()).ok_or(Halt::Declined)?;
        }
        bits.finish().map(|_| ()).ok_or(Halt::Declined)
    }

    /// One row of blocks; `run` counts the blocks that have ended already.
    #[inline(never)]
    fn ac_row<const REFINES: bool>(
        &mut self,
        reader: &mut Bits<'_>,
        restarts: &mut Restarts,
        run: &mut u32,
        band: &Band<'_>,
        table: &BandTable,
        y: usize,
    ) -> Option<()> {
        let mut bits = *reader;
        let size = self.geometry.size();
        let row = y * self.stride..y * self.stride + self.own.0;
        let values = self.values.get_mut(row.start * size..row.end * size)?.chunks_exact_mut(size);
        for (values, nonzero) in values.zip(self.nonzero.get_mut(row)?) {
            if restarts.before_mcu(&mut bits)? {
                *run = 0;
            }
            let mut block = Block { values, nonzero };
            if *run > 0 {
                *run -= 1;
                if REFINES {
                    correct(&mut bits, band, &mut block, band.first);
                }
            } else if REFINES {
                *run = table.refine(&mut bits, band, &mut block)?;
            } else {
                *run = table.first(&mut bits, band, &mut block)?;
            }
        }
        *reader = bits;
        Some(())
    }
}
