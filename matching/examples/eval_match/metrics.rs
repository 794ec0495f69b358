//! How good an order is.

/// Normalised discounted cumulative gain of the first `k` (Järvelin, Kekäläinen 2002) with gains 2^grade - 1; ties count by
/// position in the pool.
pub(crate) fn ndcg(scores: &[f64], grades: &[u32], k: usize) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let gain = |grade: u32, place: usize| f64::from((1_u32 << grade) - 1) / ((place + 2) as f64).log2();
    let reached: f64 = order.iter().take(k).enumerate().map(|(place, at)| gain(grades[*at], place)).sum();
    let mut best = grades.to_vec();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let ideal: f64 = best.iter().take(k).enumerate().map(|(place, grade)| gain(*grade, place)).sum();
    if ideal > 0.0 { reached / ideal } else { 0.0 }
}

/// The share of pairs of unlike grades that stand in the right order; ties count half.
pub(crate) fn concordance(scores: &[f64], grades: &[u32]) -> f64 {
    let (mut right, mut pairs) = (0.0, 0.0);
    for (score, grade) in scores.iter().zip(grades) {
        for (lower_score, lower) in scores.iter().zip(grades) {
            if grade > lower {
                pairs += 1.0;
                right += match score.total_cmp(lower_score) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
    }
    if pairs > 0.0 { right / pairs } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_order_has_one_and_a_reversed_one_less() {
        let grades = [2, 1, 0, 0];
        assert!((ndcg(&[4.0, 3.0, 2.0, 1.0], &grades, 10) - 1.0).abs() < 1e-12);
        assert!(ndcg(&[1.0, 2.0, 3.0, 4.0], &grades, 10) < 0.8);
        assert_eq!(concordance(&[4.0, 3.0, 2.0, 1.0], &grades), 1.0);
        assert_eq!(concordance(&[1.0; 4], &grades), 0.5);
    }
}
