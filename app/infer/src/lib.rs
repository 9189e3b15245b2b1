//! ONNX Runtime as an engine for models by card: faster than the engine that is always there, and with more operators.
//!
//! Its library is no part of the program: [`Runtime::load`] takes it at run time from a path that is given, or from the one in
//! the variable [`LIBRARY_VARIABLE`]; any version from 1.17 on. Where it is missing, old or no such library, the error says so
//! and what to do, and models run in the engine that is always there.
//!
//! What this crate does not do: it opens no models and prepares no images ([`meshing_segment::models`] does), and it never
//! fetches a library.

use std::env;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use meshing_segment::NetworkError;
use meshing_segment::models::{Card, Model, ModelError, Network, Tensor};
use meshing_volume::Told;
use ort::environment::Environment;
use ort::session::Session;

/// Names the library where no path is given.
pub const LIBRARY_VARIABLE: &str = "THEATRON_ONNXRUNTIME";

/// Why ONNX Runtime cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// Nobody said where it is.
    #[error(
        "ONNX Runtime is not set up: give the path of its library (libonnxruntime.so, 1.17 or newer), or set \
         {LIBRARY_VARIABLE} to it; without it models run in the built-in engine"
    )]
    NotStated,
    /// There is no such file.
    #[error("there is no ONNX Runtime library at {}; without it models run in the built-in engine", .0.display())]
    Missing(PathBuf),
    /// The file is no such library, or too old.
    #[error("{} cannot be used as ONNX Runtime: {why}; without it models run in the built-in engine", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another library is in use: a process has one.
    #[error("ONNX Runtime from {} is in use; start the program again to change it", .0.display())]
    Other(PathBuf),
}

impl Told for RuntimeError {
    fn chinese(&self) -> String {
        match self {
            Self::NotStated => format!(
                "尚未设置 ONNX Runtime：请给出其库文件路径（libonnxruntime.so，1.17 或更新），或设置 {LIBRARY_VARIABLE}；没有它时，模型由内置引擎运行"
            ),
            Self::Missing(path) => {
                format!("{} 处没有 ONNX Runtime 库；没有它时，模型由内置引擎运行", path.display())
            }
            Self::Unusable { path, why } => {
                format!("{} 不能用作 ONNX Runtime：{why}；没有它时，模型由内置引擎运行", path.display())
            }
            Self::Other(path) => {
                format!("正在使用 {} 的 ONNX Runtime；重新启动程序后才能更换", path.display())
            }
        }
    }
}

/// ONNX Runtime, loaded; one for the whole process.
pub struct Runtime {
    path: PathBuf,
    environment: Environment,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("path", &self.path).finish_non_exhaustive()
    }
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

impl Runtime {
    /// Loads the library from a path, or from that in [`LIBRARY_VARIABLE`]. The code of that library then runs in this process.
    ///
    /// # Errors
    /// [`RuntimeError`], in words that say what to do.
    pub fn load(path: Option<&Path>) -> Result<&'static Self, RuntimeError> {
        static LOADING: Mutex<()> = Mutex::new(());
        let stated = path.map(Path::to_path_buf).or_else(|| env::var_os(LIBRARY_VARIABLE).map(PathBuf::from));
        let stated = stated.filter(|path| !path.as_os_str().is_empty()).ok_or(RuntimeError::NotStated)?;
        // Without its links, so that the same library under two names is known as one.
        let found = stated.canonicalize().ok().filter(|path| path.is_file());
        let path = found.ok_or(RuntimeError::Missing(stated))?;
        let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        if RUNTIME.get().is_none() {
            let runtime = Self::open(&path)
                .map_err(|why| RuntimeError::Unusable { path: path.clone(), why: one_line(&why) })?;
            // Nobody else sets it: the lock is held.
            return Ok(RUNTIME.get_or_init(|| runtime));
        }
        match RUNTIME.get() {
            Some(runtime) if runtime.path == path => Ok(runtime),
            Some(runtime) => Err(RuntimeError::Other(runtime.path.clone())),
            None => Err(RuntimeError::NotStated),
        }
    }

    fn open(path: &Path) -> Result<Self, String> {
        // A library that is not what it says makes the binding panic.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let builder = ort::init_from(path).map_err(|error| error.to_string())?;
            builder.build().map_err(|error| error.to_string())
        }));
        let environment =
            opened.unwrap_or_else(|_| Err("it does not answer as such a library".to_owned()))?;
        Ok(Self { path: path.to_path_buf(), environment })
    }

    /// Where the library lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A card and its ONNX file, to be run by this engine.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn model(&self, card_text: &str, onnx: &[u8]) -> Result<Model, ModelError> {
        let card = Card::read(card_text)?;
        Model::check_file(&card, onnx)?;
        let network = self.network(onnx, card.input.name.as_deref(), card.input.output.as_deref())?;
        Ok(Model::with_network(card, Box::new(network)))
    }

    /// Reads an ONNX file. Input and output by name; the only input, the first output where no name is given.
    ///
    /// # Errors
    /// The file is no network, or has no input or output of that name.
    pub fn network(
        &self,
        onnx: &[u8],
        input: Option<&str>,
        output: Option<&str>,
    ) -> Result<Ort, NetworkError> {
        let mut builder = Session::builder(&self.environment).map_err(fault)?;
        let session = builder.commit_from_memory(onnx).map_err(fault)?;
        let find = |among: &[ort::value::Outlet], name: Option<&str>, what: &str| {
            let found = match name {
                Some(name) => among.iter().find(|outlet| outlet.name() == name),
                None => among.first(),
            };
            let missing = || NetworkError::new(format!("it has no {what} of the name {name:?}"));
            found.map(|outlet| outlet.name().to_owned()).ok_or_else(missing)
        };
        if session.inputs().len() > 1 {
            return Err(NetworkError::new(format!("it has {} inputs, not one", session.inputs().len())));
        }
        let input = find(session.inputs(), input, "input")?;
        let output = find(session.outputs(), output, "output")?;
        Ok(Ort { session: Mutex::new(session), input, output })
    }
}

/// A network run by ONNX Runtime.
pub struct Ort {
    session: Mutex<Session>,
    input: String,
    output: String,
}

impl fmt::Debug for Ort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ort")
            .field("input", &self.input)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

impl Network for Ort {
    fn run(&self, input: Tensor) -> Result<Tensor, NetworkError> {
        let tensor = ort::value::Tensor::from_array((input.shape, input.values)).map_err(fault)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = session.run(ort::inputs![self.input.as_str() => tensor]).map_err(fault)?;
        let answer = answers.get(&self.output).ok_or_else(|| NetworkError::new("it gives no answer"))?;
        let (shape, values) = answer.try_extract_tensor::<f32>().map_err(fault)?;
        let shape = shape.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
        Ok(Tensor { shape, values: values.to_vec() })
    }

    fn engine(&self) -> String {
        "ONNX Runtime".to_owned()
    }
}

fn fault(error: impl fmt::Display) -> NetworkError {
    NetworkError::new(one_line(&error.to_string()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
