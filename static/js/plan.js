// On a narrow screen the plan begins with today instead of with its first day.

export function startPlan() {
  for (const plan of document.querySelectorAll("[data-plan] .plan-scroll")) {
    const today = plan.querySelector(".plan-head.is-today");
    const hosts = plan.querySelector(".plan-hosts");
    if (!today || document.dir === "rtl") continue;
    plan.scrollLeft = today.offsetLeft - hosts.offsetWidth - today.offsetWidth / 2;
  }
}
