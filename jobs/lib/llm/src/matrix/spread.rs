//! Codes to single-precision weights: `scale * code + min` and `scale * code`, lane by lane.
//!
//! The compiler turns the obvious loops into very slow vector code, so the vectors are spelt out. A product and a sum
//! are rounded one after the other everywhere, so all versions agree to the bit.

use super::kernel::LANES;

/// One nibble code per lane and row: byte `i` of a row holds lane `i` below and lane `i + 16` above.
pub(super) fn nibbles(codes: &[u8], scales: &[f32; LANES], minima: &[f32; LANES], out: &mut [f32]) {
    assert!(codes.len() * 2 == out.len());
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found and the lengths were just checked.
            return unsafe { wide::nibbles(codes, scales, minima, out) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { narrow::nibbles(codes, scales, minima, out) };
        }
    }
    portable_nibbles(codes, scales, minima, out);
}

/// One signed byte code per lane and row.
pub(super) fn bytes(codes: &[u8], scales: &[f32; LANES], out: &mut [f32]) {
    assert!(codes.len() == out.len());
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found and the lengths were just checked.
            return unsafe { wide::bytes(codes, scales, out) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { narrow::bytes(codes, scales, out) };
        }
    }
    portable_bytes(codes, scales, out);
}

fn portable_nibbles(codes: &[u8], scales: &[f32; LANES], minima: &[f32; LANES], out: &mut [f32]) {
    for (out, codes) in out.chunks_exact_mut(LANES).zip(codes.chunks_exact(LANES / 2)) {
        for (lane, out) in out.iter_mut().enumerate() {
            let code = codes[lane % 16] >> (lane / 16 * 4) & 15;
            *out = f32::from(code) * scales[lane] + minima[lane];
        }
    }
}

fn portable_bytes(codes: &[u8], scales: &[f32; LANES], out: &mut [f32]) {
    for (out, codes) in out.chunks_exact_mut(LANES).zip(codes.chunks_exact(LANES)) {
        for (lane, out) in out.iter_mut().enumerate() {
            *out = f32::from(codes[lane].cast_signed()) * scales[lane];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::LANES;

    /// SAFETY: needs AVX-512F; `out` has two values per byte of `codes`.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn nibbles(codes: &[u8], scales: &[f32; LANES], minima: &[f32; LANES], out: &mut [f32]) {
        unsafe {
            let scale = [_mm512_loadu_ps(scales.as_ptr()), _mm512_loadu_ps(scales.as_ptr().add(16))];
            let min = [_mm512_loadu_ps(minima.as_ptr()), _mm512_loadu_ps(minima.as_ptr().add(16))];
            let low = _mm512_set1_epi32(15);
            for (codes, out) in codes.chunks_exact(LANES / 2).zip(out.chunks_exact_mut(LANES)) {
                let pairs = _mm512_cvtepu8_epi32(_mm_loadu_si128(codes.as_ptr().cast()));
                let parts = [_mm512_and_si512(pairs, low), _mm512_srli_epi32(pairs, 4)];
                for (part, code) in parts.into_iter().enumerate() {
                    let value = _mm512_mul_ps(_mm512_cvtepi32_ps(code), scale[part]);
                    _mm512_storeu_ps(out.as_mut_ptr().add(16 * part), _mm512_add_ps(value, min[part]));
                }
            }
        }
    }

    /// SAFETY: needs AVX-512F; `out` is as long as `codes`.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn bytes(codes: &[u8], scales: &[f32; LANES], out: &mut [f32]) {
        unsafe {
            let scale = [_mm512_loadu_ps(scales.as_ptr()), _mm512_loadu_ps(scales.as_ptr().add(16))];
            for (codes, out) in codes.chunks_exact(LANES).zip(out.chunks_exact_mut(LANES)) {
                for (part, scale) in scale.into_iter().enumerate() {
                    let code = _mm512_cvtepi8_epi32(_mm_loadu_si128(codes.as_ptr().add(16 * part).cast()));
                    let value = _mm512_mul_ps(_mm512_cvtepi32_ps(code), scale);
                    _mm512_storeu_ps(out.as_mut_ptr().add(16 * part), value);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod narrow {
    use std::arch::x86_64::*;

    use super::LANES;

    /// SAFETY: needs AVX2; `out` has two values per byte of `codes`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn nibbles(codes: &[u8], scales: &[f32; LANES], minima: &[f32; LANES], out: &mut [f32]) {
        unsafe {
            let low = _mm256_set1_epi32(15);
            for (codes, out) in codes.chunks_exact(LANES / 2).zip(out.chunks_exact_mut(LANES)) {
                for part in 0..2 {
                    let pairs = _mm256_cvtepu8_epi32(_mm_loadl_epi64(codes.as_ptr().add(8 * part).cast()));
                    for (half, code) in
                        [_mm256_and_si256(pairs, low), _mm256_srli_epi32(pairs, 4)].into_iter().enumerate()
                    {
                        let lane = 16 * half + 8 * part;
                        let scale = _mm256_loadu_ps(scales.as_ptr().add(lane));
                        let min = _mm256_loadu_ps(minima.as_ptr().add(lane));
                        let value = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(code), scale), min);
                        _mm256_storeu_ps(out.as_mut_ptr().add(lane), value);
                    }
                }
            }
        }
    }

    /// SAFETY: needs AVX2; `out` is as long as `codes`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn bytes(codes: &[u8], scales: &[f32; LANES], out: &mut [f32]) {
        unsafe {
            for (codes, out) in codes.chunks_exact(LANES).zip(out.chunks_exact_mut(LANES)) {
                for lane in (0..LANES).step_by(8) {
                    let code = _mm256_cvtepi8_epi32(_mm_loadl_epi64(codes.as_ptr().add(lane).cast()));
                    let scale = _mm256_loadu_ps(scales.as_ptr().add(lane));
                    _mm256_storeu_ps(out.as_mut_ptr().add(lane), _mm256_mul_ps(_mm256_cvtepi32_ps(code), scale));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_has_the_bits_of_the_portable_loops() {
        let codes: Vec<u8> = (0..4 * LANES).map(|i| (i * 89 % 256) as u8).collect();
        let scales = std::array::from_fn(|lane| 0.1 + lane as f32 / 7.0);
        let minima = std::array::from_fn(|lane| lane as f32 / 3.0 - 5.0);
        let run = |count: usize, fill: &dyn Fn(&mut [f32])| {
            let mut out = vec![0.0; count];
            fill(&mut out);
            out
        };
        let four = run(2 * codes.len(), &|out| portable_nibbles(&codes, &scales, &minima, out));
        let eight = run(codes.len(), &|out| portable_bytes(&codes, &scales, out));
        assert_eq!(run(2 * codes.len(), &|out| nibbles(&codes, &scales, &minima, out)), four);
        assert_eq!(run(codes.len(), &|out| bytes(&codes, &scales, out)), eight);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found and the lengths are right.
            unsafe {
                assert_eq!(run(2 * codes.len(), &|out| narrow::nibbles(&codes, &scales, &minima, out)), four);
                assert_eq!(run(codes.len(), &|out| narrow::bytes(&codes, &scales, out)), eight);
            }
        }
    }
}
