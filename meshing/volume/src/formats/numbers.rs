//! Numbers of text headers.

use super::FormatError;

/// Exactly `N` numbers separated by spaces; NaN is a number here, its meaning is the caller's.
pub(super) fn exactly<const N: usize>(field: &'static str, text: &str) -> Result<[f64; N], FormatError> {
    let wrong = || FormatError::header(field, format!("is not {N} numbers"), format!("不是 {N} 个数字"));
    let numbers = all(field, text)?;
    <[f64; N]>::try_from(numbers).map_err(|_numbers| wrong())
}

/// All numbers of a line, at most 64.
pub(super) fn all(field: &'static str, text: &str) -> Result<Vec<f64>, FormatError> {
    let mut numbers = Vec::new();
    for word in text.split_whitespace() {
        let number = word
            .parse()
            .map_err(|_error| FormatError::header(field, "is not a list of numbers", "不是一列数字"))?;
        if numbers.len() == 64 {
            return Err(FormatError::header(field, "has more than 64 numbers", "超过 64 个数字"));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

/// Sizes of axes: whole, positive, below 2³¹.
pub(super) fn sizes(field: &'static str, text: &str) -> Result<Vec<usize>, FormatError> {
    all(field, text)?.into_iter().map(|number| size(field, number)).collect()
}

/// One size.
pub(super) fn size(field: &'static str, number: f64) -> Result<usize, FormatError> {
    if number.fract() == 0.0 && (1.0..2_147_483_648.0).contains(&number) {
        Ok(number as usize)
    } else {
        Err(FormatError::header(field, "is not a positive number of voxels", "不是正的体素数"))
    }
}

/// One whole number.
pub(super) fn whole(field: &'static str, text: &str) -> Result<i64, FormatError> {
    text.trim().parse().map_err(|_error| FormatError::header(field, "is not a whole number", "不是整数"))
}
