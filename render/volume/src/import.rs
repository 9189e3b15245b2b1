//! Transfer functions of other programs.
//!
//! * 3D Slicer: [`vp`] (volume property text, `.vp`), [`vp_json`] (`.vp.json`), [`mrml`] (the `VolumeProperty` nodes of a
//!   scene, and the program's own `presets.xml`);
//! * ImageVis3D: [`one_dt`] (1D transfer function, `.1dt`);
//! * ParaView: [`paraview`] (colour map with opacity, JSON).
//!
//! Opacity there is that of a stated or implied distance; it becomes the opacity of 1 mm, `1 - (1 - a)^(1 / distance)`.
//! What a file says and we do not do is listed in [`Imported::unused`].
//!
//! ```
//! let slicer = "1\n1\n0.9\n0.1\n0.2\n10\n4 100 0 400 0.8\n4 0 1 255 1\n8 100 0.6 0.1 0 400 1 1 0.9\n";
//! let bone = render_volume::import::vp(slicer.as_bytes())?;
//! assert!(bone.unused.is_empty() && bone.look.transfer.points().len() > 2);
//! # Ok::<(), render_volume::import::ImportError>(())
//! ```

mod curves;
mod json;
mod slicer;
mod table;

use meshing_volume::{Phrase, Told, Words};

use crate::{GradientPoint, Look, Mode, Shading, TransferFunction, Window};
use curves::Curves;
pub use json::{paraview, vp_json};
pub use slicer::{mrml, vp};
pub use table::one_dt;

/// A file may be this large. A scene of 3D Slicer is a few hundred kilobytes.
pub const MAX_BYTES: usize = 16 << 20;

/// A function may have this many points, a scene this many functions.
pub const MAX_POINTS: usize = 65_536;

/// Why a file is no transfer function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Too many bytes.
    #[error(
        "the file has {bytes} bytes, and no transfer function has more than {}; is it another file?",
        MAX_BYTES
    )]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
    },
    /// Bytes that are no text.
    #[error("the file is not text; choose the file that the other program exported")]
    NotText,
    /// Text of another kind.
    #[error("the file is not {format}; choose the importer that fits it")]
    NotThis {
        /// What was expected.
        format: &'static str,
    },
    /// Part of the file does not hold what its format promises.
    #[error("the file's {part} cannot be read: numbers are missing, too many or not finite; export it again")]
    Malformed {
        /// Which part.
        part: &'static str,
    },
    /// Nothing to see: fewer than two different values.
    #[error("the file holds no function of at least two different values, so it shows nothing")]
    NoFunction,
}

impl Told for ImportError {
    fn chinese(&self) -> String {
        match self {
            Self::TooLarge { bytes } => {
                format!("文件有 {bytes} 字节，传递函数不会超过 {MAX_BYTES} 字节；是否选错了文件？")
            }
            Self::NotText => "文件不是文本；请选择其他程序导出的文件".to_owned(),
            Self::NotThis { format } => format!("文件不是 {format}；请选择相应的导入方式"),
            Self::Malformed { part } => {
                format!("无法读取文件的 {part} 部分：数字缺失、过多或不是有限值；请重新导出")
            }
            Self::NoFunction => "文件中没有至少两个不同数值的函数，因此不会显示任何内容".to_owned(),
        }
    }
}

/// A look made from another program's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What the file calls it; empty where it does not.
    pub name: String,
    /// The look.
    pub look: Look,
    /// What the file says and the look leaves out, to be shown to whoever imports it.
    pub unused: Vec<Words>,
}

/// What files of several kinds say beside their curves.
#[derive(Clone, Debug)]
struct Said {
    name: String,
    shading: Shading,
    /// The distance in mm for which opacities are given.
    unit_mm: f64,
    unused: Vec<Words>,
    gradient: Vec<GradientPoint>,
}

impl Said {
    fn new() -> Self {
        Self {
            name: String::new(),
            shading: Shading::default(),
            unit_mm: 1.0,
            unused: Vec::new(),
            gradient: Vec::new(),
        }
    }

    /// Opacity by gradient: corners of a gradient per mm and a share. Where all are 1 there is none.
    fn by_gradient(&mut self, corners: impl Iterator<Item = [f64; 2]>) -> Result<(), ImportError> {
        for [per_mm, share] in corners {
            if !(per_mm.is_finite() && share.is_finite() && per_mm.abs() < 1e9) {
                return Err(ImportError::Malformed { part: "gradientOpacity" });
            }
            let [per_mm, share] = [per_mm, share.clamp(0.0, 1.0)].map(|n| n as f32);
            self.gradient.push(GradientPoint { per_mm, share });
        }
        if self.gradient.iter().all(|p| p.share == 1.0) {
            self.gradient.clear();
        }
        Ok(())
    }

    fn leave_out(&mut self, what: Phrase) {
        let words = Words::from(what);
        if !self.unused.contains(&words) {
            self.unused.push(words);
        }
    }

    /// Lighting as VTK has it.
    fn light(
        &mut self,
        shade: bool,
        [ambient, diffuse, specular, power]: [f64; 4],
    ) -> Result<(), ImportError> {
        let terms = [ambient, diffuse, specular, power];
        if terms.iter().any(|t| !t.is_finite()) {
            return Err(ImportError::Malformed { part: "lighting" });
        }
        let term = |t: f64, most: f64| t.clamp(0.0, most) as f32;
        if shade {
            self.shading.ambient = term(ambient, 4.0);
            self.shading.diffuse = term(diffuse, 4.0);
            self.shading.specular = term(specular, 4.0);
            self.shading.shininess = term(power, 1000.0).max(1.0);
        } else {
            self.shading = Shading { ambient: 1.0, diffuse: 0.0, specular: 0.0, ..self.shading };
        }
        Ok(())
    }

    fn finish(self, curves: &Curves) -> Result<Imported, ImportError> {
        let points = curves.points(self.unit_mm);
        let transfer = TransferFunction::new(points).ok_or(ImportError::NoFunction)?;
        let (low, high) = transfer.span();
        let from = transfer.points().iter().find(|p| p.opacity_per_mm > 0.0).map_or(low, |p| p.value);
        let (from, to) = (f64::from(from.min(high)), f64::from(high));
        let window = Window::new(f64::midpoint(from, to), (to - from).max(1.0));
        let look = Look {
            mode: Mode::Dvr,
            window,
            transfer,
            shading: self.shading,
            step_voxels: 0.5,
            surfaces: Vec::new(),
            gradient_opacity: self.gradient,
        };
        Ok(Imported { name: self.name, look, unused: self.unused })
    }
}

/// The text of a file, if it may be one at all.
fn text(bytes: &[u8]) -> Result<&str, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_not_utf8| ImportError::NotText)?;
    Ok(text.trim_start_matches('\u{feff}'))
}
