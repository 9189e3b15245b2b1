//! How much of a volume in bricks a picture shows at full resolution.

use std::fmt;

use meshing_volume::{Told, Words};

/// What a picture of a volume in bricks shows of it, to be stated wherever it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Bricks of 32³ voxels that the view shows something of.
    pub visible: usize,
    /// Those of them at full resolution.
    pub full: usize,
    /// The coarsest that is shown: each axis is divided by this; 1 is full resolution.
    pub coarsest: u32,
    /// Bricks that are finer than what is shown, wanted, and not here yet: the next pictures will be finer.
    pub coming: usize,
    /// Bricks that could not be had; something coarser stands in for them.
    pub failed: usize,
    /// Why the last of them could not.
    pub failure: Option<Words>,
}

impl Detail {
    /// Whether all that is seen is at full resolution.
    pub const fn is_full(&self) -> bool {
        self.full == self.visible
    }

    /// Whether further pictures of the same view will be no finer.
    pub const fn is_settled(&self) -> bool {
        self.coming == 0
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { visible, full, coarsest, coming, failed, failure } = self;
        if self.is_full() {
            return write!(f, "full resolution");
        }
        write!(f, "{full} of {visible} visible bricks at full resolution, coarsest shown 1/{coarsest}")?;
        if *coming > 0 {
            write!(f, "; {coming} on their way")?;
        }
        match failure {
            Some(why) if *failed > 0 => write!(f, "; {failed} could not be read: {why}"),
            _ => Ok(()),
        }
    }
}

impl Told for Detail {
    fn chinese(&self) -> String {
        let Self { visible, full, coarsest, coming, failed, failure } = self;
        if self.is_full() {
            return "全分辨率".to_owned();
        }
        let mut out = format!("可见的 {visible} 块中有 {full} 块为全分辨率，最粗处为 1/{coarsest}");
        if *coming > 0 {
            out.extend(["；", &coming.to_string(), " 块正在载入"]);
        }
        if let Some(why) = failure.as_ref().filter(|_| *failed > 0) {
            out.extend(["；", &failed.to_string(), " 块无法读取：", &why.zh]);
        }
        out
    }
}
