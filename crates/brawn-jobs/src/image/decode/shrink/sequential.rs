//! Sequential frames of one scan (ITU T.81, F.2).

use super::Halt;
use super::bits::{Bits, Restarts};
use super::header::{Headers, Scan};
use super::huffman::{AcTable, DcTable};
use super::planes::{Geometry, Painter};

/// The tables that a scan uses, ready for decoding.
pub(super) struct Tables {
    dc: [Option<DcTable>; 4],
    ac: [Option<AcTable>; 4],
}

impl Tables {
    /// `None` if one is missing, or cannot be one of an 8-bit image.
    pub(super) fn new(headers: &Headers, scan: &Scan<'_>) -> Option<Self> {
        let mut tables = Self { dc: [const { None }; 4], ac: [const { None }; 4] };
        for component in &scan.components {
            let (dc, ac) = (&mut tables.dc[component.dc], &mut tables.ac[component.ac]);
            if dc.is_none() {
                *dc = Some(DcTable::new(headers.dc[component.dc].as_ref()?)?);
            }
            if ac.is_none() {
                *ac = Some(AcTable::new(headers.ac[component.ac].as_ref()?));
            }
        }
        Some(tables)
    }
}

/// A scan being decoded.
pub(super) struct Sequential<'a> {
    components: Vec<Component<'a>>,
    bits: Bits<'a>,
    restarts: Restarts,
    /// MCUs across and down.
    mcus: (usize, usize),
}

struct Component<'a> {
    geometry: &'a Geometry,
    dc: &'a DcTable,
    ac: &'a AcTable,
    /// Blocks in an MCU, across and down.
    sampling: (usize, usize),
    /// The last DC coefficient.
    prediction: i32,
    /// What is kept of one row of MCUs: row after row of blocks.
    coefficients: Vec<i16>,
}

impl<'a> Sequential<'a> {
    /// Declines anything but a scan of all components and all of their coefficients.
    pub(super) fn new(
        headers: &Headers,
        scan: &Scan<'a>,
        tables: &'a Tables,
        geometries: &'a [Geometry],
    ) -> Option<Self> {
        let frame = headers.frame.as_ref()?;
        let all = scan.components.len() == frame.components.len();
        // A block takes two bits at least. This bounds the memory that a small file can claim.
        let enough = frame.blocks() as u64 <= scan.data.len() as u64 * 4;
        if !all || !enough || scan.band != (0, 63) || scan.approximation != (0, 0) {
            return None;
        }
        let mcus = frame.mcus();
        let mut components = Vec::new();
        for ((component, selected), geometry) in
            frame.components.iter().zip(&scan.components).zip(geometries)
        {
            let blocks = mcus.0 * component.sampling.0 * component.sampling.1;
            components.push(Component {
                geometry,
                dc: tables.dc[selected.dc].as_ref()?,
                ac: tables.ac[selected.ac].as_ref()?,
                sampling: component.sampling,
                prediction: 0,
                coefficients: vec![0; blocks * geometry.size()],
            });
        }
        let restarts = Restarts::new(headers.restart);
        Some(Self { components, bits: Bits::new(scan.data), restarts, mcus })
    }

    /// Decodes all rows of MCUs, asking `check` before each. Returns the data after the scan.
    pub(super) fn decode<E>(
        mut self,
        painter: &mut Painter,
        check: &dyn Fn() -> Result<(), E>,
    ) -> Result<&'a [u8], Halt<E>> {
        for _ in 0..self.mcus.1 {
            check().map_err(Halt::Stopped)?;
            self.row().ok_or(Halt::Declined)?;
            painter.paint(self.components.iter().map(|c| c.coefficients.as_slice()));
        }
        self.bits.finish().ok_or(Halt::Declined)
    }

    fn row(&mut self) -> Option<()> {
        for mcu in 0..self.mcus.0 {
            if self.restarts.before_mcu(&mut self.bits)? {
                self.components.iter_mut().for_each(|component| component.prediction = 0);
            }
            for component in &mut self.components {
                component.mcu(&mut self.bits, mcu, self.mcus.0)?;
            }
        }
        (!self.bits.overrun()).then_some(())
    }
}

impl Component<'_> {
    #[inline(always)]
    fn mcu(&mut self, bits: &mut Bits<'_>, mcu: usize, across: usize) -> Option<()> {
        match self.geometry.size() {
            1 => self.blocks::<1, 2>(bits, mcu, across),
            2 => self.blocks::<2, 4>(bits, mcu, across),
            4 => self.blocks::<4, 8>(bits, mcu, across),
            8 => self.blocks::<8, 16>(bits, mcu, across),
            16 => self.blocks::<16, 32>(bits, mcu, across),
            32 => self.blocks::<32, 64>(bits, mcu, across),
            _ => self.blocks::<64, 128>(bits, mcu, across),
        }
    }

    /// The blocks of one MCU. `N` coefficients of each are kept; a block twice as large takes
    /// those that are not, so that the inner loop has no branch for them.
    ///
    /// Not inlined: each size gets the registers for itself.
    #[inline(never)]
    fn blocks<const N: usize, const M: usize>(
        &mut self,
        reader: &mut Bits<'_>,
        mcu: usize,
        across: usize,
    ) -> Option<()> {
        let mut bits = *reader;
        let (dc, ac) = (self.dc, self.ac);
        let Geometry { last, ref places, .. } = *self.geometry;
        for y in 0..self.sampling.1 {
            let start = (y * across + mcu) * self.sampling.0 * N;
            let row = self.coefficients.get_mut(start..start + self.sampling.0 * N)?;
            for target in row.as_chunks_mut::<N>().0 {
                let mut block = [0; M];
                bits.refill();
                self.prediction = self.prediction.wrapping_add(dc.difference(&mut bits)?);
                block[0] = self.prediction as i16;
                ac.block(&mut bits, last, places, &mut block)?;
                target.copy_from_slice(&block[..N]);
            }
        }
        *reader = bits;
        Some(())
    }
}
